// The peer of the unary figure: grpc-js's own server, mutual TLS, an empty health answer, no store and no log.
// usage: NODE_PATH=... node peer_echo.js PKI_DIR     prints its port, serves until it is killed
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');

const pki = process.argv[2];
const read = (name) => fs.readFileSync(path.join(pki, name));
const raw = {
  check: {
    path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false,
    requestSerialize: (b) => b, requestDeserialize: (b) => b, responseSerialize: (b) => b, responseDeserialize: (b) => b,
  },
};
const server = new grpc.Server();
server.addService(raw, { check: (call, done) => done(null, Buffer.from([8, 1])) });
const credentials = grpc.ServerCredentials.createSsl(
  read('ca.pem'), [{ private_key: read('gateway-key.pem'), cert_chain: read('gateway.pem') }], true);
server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
  if (error) throw error;
  console.log(port);
});
