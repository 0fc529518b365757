// The article's code as it stands, plus host, port and CA: sign in, exchange, attach, connect, and
// then try every action on every building. Reads its settings from argv, prints what it saw as JSON.
import { fromCognitoIdentityPool } from "@aws-sdk/credential-providers";
import { IoTClient, AttachPolicyCommand } from "@aws-sdk/client-iot";
import { iot, mqtt } from "aws-iot-device-sdk-v2";
import { signInWithPassword, signInWithSrp } from "./sign-in.mjs";

const config = JSON.parse(process.argv[2]);
const signIn = config.flow === "srp" ? signInWithSrp : signInWithPassword;
const idToken = await signIn(config);

const { region: awsRegionName, userPoolId } = config;
const loginProvider = `cognito-idp.${awsRegionName}.amazonaws.com/${userPoolId}`;
const credentials = await fromCognitoIdentityPool({
  identityPoolId: config.identityPoolId,
  clientConfig: { region: config.region },
  logins: {
    [loginProvider]: idToken,
  },
})();

if (config.attach) {
  const iotClient = new IoTClient({ region: config.region, credentials });
  const attachPolicyCommand = new AttachPolicyCommand({
    policyName: "TestIotPolicyBuilding", // IoT policy name
    target: credentials.identityId, // identity id
  });
  await iotClient.send(attachPolicyCommand);
}

function newConnection(clientId) {
  const builder = iot.AwsIotMqttConnectionConfigBuilder.new_builder_for_websocket()
    .with_credentials(
      config.region,
      credentials.accessKeyId,
      credentials.secretAccessKey,
      credentials.sessionToken,
    )
    .with_client_id(clientId)
    .with_endpoint(config.mqttHost)
    .with_port(config.mqttPort)
    .with_certificate_authority_from_path(undefined, config.caFile)
    .with_reconnect_min_sec(60)
    .build();
  return new mqtt.MqttClient().new_connection(builder);
}

// A refusal in MQTT 3.1.1 is a closed connection, so every attempt has one of its own.
async function attempt(name, action) {
  const connection = newConnection(`${config.username}-${name}`);
  const interrupted = new Promise((resolve) => connection.on("interrupt", () => resolve(false)));
  try {
    await connection.connect();
    const outcome = await Promise.race([action(connection).then(() => true), interrupted]);
    return outcome;
  } catch {
    return false;
  } finally {
    // Not awaited: where the connection was closed, the client first waits to reconnect.
    connection.disconnect().catch(() => undefined);
  }
}

const seen = { identityId: credentials.identityId, subscribe: {}, publish: {}, receive: {} };
seen.connect = await attempt("connect", async () => undefined);
for (const [building, topic] of Object.entries(config.topics)) {
  seen.subscribe[building] = await attempt(`subscribe-${building}`, (connection) =>
    connection.subscribe(topic, mqtt.QoS.AtLeastOnce, () => undefined),
  );
  seen.publish[building] = await attempt(`publish-${building}`, (connection) =>
    connection.publish(topic, "hello", mqtt.QoS.AtLeastOnce),
  );
  seen.receive[building] = await attempt(`receive-${building}`, async (connection) => {
    const arrived = new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error("nothing arrived")), 1500);
      connection.on("message", () => (clearTimeout(deadline), resolve()));
    });
    await connection.subscribe(topic, mqtt.QoS.AtLeastOnce);
    await connection.publish(topic, "hello", mqtt.QoS.AtLeastOnce);
    await arrived;
  });
}
console.log(JSON.stringify(seen));
process.exit(0);
