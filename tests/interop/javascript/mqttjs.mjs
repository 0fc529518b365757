// MQTT.js against a plain listener: node mqttjs.mjs PORT 4|5 PROFILE; prints what worked as JSON.
import mqtt from "mqtt";

const [port, version, profile] = process.argv.slice(2);
const name = `mqttjs-${version}-${profile}`;
const topic = `ok/${name}`;

function open(clientId, clean) {
  return mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId,
    clean,
    protocolVersion: Number(version),
    reconnectPeriod: 0,
    properties: version === "5" && !clean ? { sessionExpiryInterval: 3600 } : undefined,
  });
}

function next(client) {
  return new Promise((resolve) =>
    client.once("message", (_topic, payload, packet) => resolve([String(payload), packet.retain])),
  );
}

const steps = {};
const client = await open(name, true);
await client.subscribeAsync(`${topic}/live`, { qos: 1 });
let message = next(client);
await client.publishAsync(`${topic}/live`, "live", { qos: 1 });
steps.live = (await message)[0] === "live";
await client.publishAsync(`${topic}/kept`, "kept", { qos: 1, retain: true });
message = next(client);
await client.subscribeAsync(`${topic}/kept`, { qos: 1 });
steps.retained = (await message)[1];

const first = await open(`${name}-resumed`, false);
await first.subscribeAsync(`${topic}/queued`, { qos: 1 });
await first.endAsync();
await client.publishAsync(`${topic}/queued`, "while away", { qos: 1 });
const again = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
  clientId: `${name}-resumed`,
  clean: false,
  protocolVersion: Number(version),
  reconnectPeriod: 0,
  properties: version === "5" ? { sessionExpiryInterval: 3600 } : undefined,
});
steps.resumed = (await next(again))[0];
await again.endAsync();

steps.denied = await new Promise((resolve) => {
  client.once("close", () => resolve(true));
  client.subscribe("secret/#", { qos: 1 }, (error, granted) => {
    if (error || granted?.[0]?.qos >= 128) resolve(true);
  });
});
client.end(true);
console.log(JSON.stringify(steps));
process.exit(0);
