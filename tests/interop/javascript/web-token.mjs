// Assumes a role with a web identity token, as an application with its own sign-in does.
import { fromWebToken } from "@aws-sdk/credential-providers";

const { region, roleArn, webIdentityToken } = JSON.parse(process.argv[2]);
const credentials = await fromWebToken({
  roleArn,
  webIdentityToken,
  roleSessionName: "javascript",
  clientConfig: { region },
})();
console.log(JSON.stringify(credentials));
