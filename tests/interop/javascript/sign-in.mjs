// Signing in, once with each of the two libraries a login page is usually built with.
import AmazonCognitoIdentity from "amazon-cognito-identity-js";
import {
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";

export async function signInWithPassword(config) {
  const client = new CognitoIdentityProviderClient({
    region: config.region,
    endpoint: config.endpointUrl,
  });
  const answer = await client.send(
    new InitiateAuthCommand({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: config.clientId,
      AuthParameters: { USERNAME: config.username, PASSWORD: config.password },
    }),
  );
  return answer.AuthenticationResult.IdToken;
}

export function signInWithSrp(config) {
  const pool = new AmazonCognitoIdentity.CognitoUserPool({
    UserPoolId: config.userPoolId,
    ClientId: config.clientId,
    endpoint: config.endpointUrl,
  });
  const user = new AmazonCognitoIdentity.CognitoUser({ Username: config.username, Pool: pool });
  const details = new AmazonCognitoIdentity.AuthenticationDetails({
    Username: config.username,
    Password: config.password,
  });
  return new Promise((resolve, reject) => {
    user.authenticateUser(details, {
      onSuccess: (session) => resolve(session.getIdToken().getJwtToken()),
      onFailure: reject,
    });
  });
}
