// aedes over TCP and WebSocket:  node aedes.cjs TCP_PORT WS_PORT   (npm install aedes ws)
const net = require('node:net')
const http = require('node:http')
const { WebSocketServer, createWebSocketStream } = require('ws')
const { Aedes } = require('aedes')

async function serve () {
  const broker = Aedes.createBroker ? await Aedes.createBroker() : new Aedes()
  net.createServer(broker.handle).listen(Number(process.argv[2]), '127.0.0.1')
  const server = http.createServer()
  new WebSocketServer({ server }).on('connection', (socket, request) => broker.handle(createWebSocketStream(socket), request))
  server.listen(Number(process.argv[3]), '127.0.0.1')
}

serve()
