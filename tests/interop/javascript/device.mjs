// AWS's device SDK over wss:// with SigV4, MQTT 3.1.1 and 5: what outlives a connection. Reads its
// settings from argv, prints what it saw as JSON.
import { auth, iot, mqtt, mqtt5 } from "aws-iot-device-sdk-v2";
import { once } from "node:events";

const config = JSON.parse(process.argv[2]);
const topic = (name) => `${config.topic}/${config.version}/${name}`;
const text = (payload) => Buffer.from(payload).toString();

// One client id, behind the few calls that both of the SDK's clients can do.
function openOld(name, { clean = true, will } = {}) {
  const { region, accessKeyId, secretAccessKey } = config;
  let builder = iot.AwsIotMqttConnectionConfigBuilder.new_builder_for_websocket()
    .with_credentials(region, accessKeyId, secretAccessKey)
    .with_client_id(`${config.topic}-old-${name}`)
    .with_clean_session(clean)
    .with_endpoint(config.mqttHost)
    .with_port(config.mqttPort)
    .with_certificate_authority_from_path(undefined, config.caFile)
    .with_reconnect_min_sec(60);
  if (will) builder = builder.with_will(new mqtt.MqttWill(will, mqtt.QoS.AtLeastOnce, "gone"));
  const connection = new mqtt.MqttClient().new_connection(builder.build());
  const messages = [];
  const waiting = [];
  connection.on("message", (_topic, payload, _dup, _qos, retain) => {
    const message = { payload: text(payload), retain };
    waiting.length ? waiting.shift()(message) : messages.push(message);
  });
  return {
    connect: () => connection.connect(),
    subscribe: (to) => connection.subscribe(to, mqtt.QoS.AtLeastOnce),
    publish: (to, payload, retain = false) =>
      connection.publish(to, payload, mqtt.QoS.AtLeastOnce, retain),
    next: () =>
      messages.length ? messages.shift() : new Promise((resolve) => waiting.push(resolve)),
    leave: () => connection.disconnect(),
  };
}

function openNew(name, { clean = true, will } = {}) {
  const { region, accessKeyId, secretAccessKey } = config;
  const provider = auth.AwsCredentialsProvider.newStatic(accessKeyId, secretAccessKey);
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newWebsocketMqttBuilderWithSigv4Auth(
    config.mqttHost,
    { credentialsProvider: provider, region },
  )
    .withPort(config.mqttPort)
    .withCertificateAuthorityFromPath(undefined, config.caFile)
    .withConnectProperties({
      clientId: `${config.topic}-new-${name}`,
      keepAliveIntervalSeconds: 60,
      sessionExpiryIntervalSeconds: clean ? 0 : 3600,
      will: will && { topicName: will, qos: mqtt5.QoS.AtLeastOnce, payload: "gone" },
    })
    .withSessionBehavior(
      clean ? mqtt5.ClientSessionBehavior.Clean : mqtt5.ClientSessionBehavior.RejoinAlways,
    );
  const client = new mqtt5.Mqtt5Client(builder.build());
  const messages = [];
  const waiting = [];
  client.on("messageReceived", ({ message }) => {
    const seen = { payload: text(message.payload), retain: message.retain };
    waiting.length ? waiting.shift()(seen) : messages.push(seen);
  });
  return {
    connect: async () => {
      const connected = once(client, "connectionSuccess");
      client.start();
      await connected;
    },
    subscribe: (to) =>
      client.subscribe({ subscriptions: [{ topicFilter: to, qos: mqtt5.QoS.AtLeastOnce }] }),
    publish: (to, payload, retain = false) =>
      client.publish({ topicName: to, payload, qos: mqtt5.QoS.AtLeastOnce, retain }),
    next: () =>
      messages.length ? messages.shift() : new Promise((resolve) => waiting.push(resolve)),
    leave: async () => {
      const stopped = once(client, "stopped");
      client.stop({ reasonCode: mqtt5.DisconnectReasonCode.NormalDisconnection });
      await stopped;
    },
  };
}

const open = config.version === 5 ? openNew : openOld;
const seen = {};

const client = open("client");
await client.connect();
await client.publish(topic("kept"), "kept", true);
await client.subscribe(topic("kept"));
seen.retained = await client.next();

const first = open("resumed", { clean: false });
await first.connect();
await first.subscribe(topic("queued"));
await first.leave();
await client.publish(topic("queued"), "while away");
const again = open("resumed", { clean: false });
await again.connect();
seen.resumed = (await again.next()).payload;
await again.leave();

await client.subscribe(topic("gone"));
const mortal = open("mortal", { will: topic("gone") });
await mortal.connect();
const heir = open("mortal");
await heir.connect(); // the same client id: the first connection is taken over, its will is sent
seen.will = (await client.next()).payload;

console.log(JSON.stringify(seen));
process.exit(0);
