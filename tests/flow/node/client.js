'use strict';
// One check of the gateway with stock grpc-js per run: node client.js CHECK. See test_node_client.py.
const assert = require('assert');
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const { XQ_ADDRESS, XQ_PKI, XQ_PROTO, XQ_RECORDS } = process.env;
const records = JSON.parse(XQ_RECORDS).map((text) => Buffer.from(text));
const NATIONAL = 'national.penalty.org@2018';
const SUZHOU = 'suzhou.penalty@1';

function load(file) {
  const definition = loader.loadSync(file, { includeDirs: [XQ_PROTO], keepCase: true, longs: Number, enums: String, defaults: true, bytes: Buffer });
  return grpc.loadPackageDefinition(definition);
}

const exchange = load('xinqiao/v1/exchange.proto').xinqiao.v1;
const health = load('grpc/health/v1/health.proto').grpc.health.v1;
const reflection = load('grpc/reflection/v1/reflection.proto').grpc.reflection.v1;
const rpcStatus = load('google/rpc/status.proto').google.rpc.Status;

function as(name) {
  const read = (file) => fs.readFileSync(path.join(XQ_PKI, file));
  return grpc.credentials.createSsl(read('ca.pem'), read(`${name}-key.pem`), read(`${name}.pem`));
}

const client = (Service, name) => new Service(XQ_ADDRESS, as(name), { 'grpc.use_local_subchannel_pool': 1 });
const soon = (seconds) => ({ deadline: Date.now() + seconds * 1000 });

function purpose(code) {
  const metadata = new grpc.Metadata();
  metadata.set('xinqiao-purpose', code || 'record-sharing');
  return metadata;
}

function unary(service, method, request, options, metadata) {
  return new Promise((resolve, reject) => {
    service[method](request, metadata || new grpc.Metadata(), options || soon(20), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

function collect(stream) {
  return new Promise((resolve, reject) => {
    const all = [];
    stream.on('data', (item) => all.push(item));
    stream.on('error', reject);
    stream.on('end', () => resolve(all));
  });
}

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the call was not refused');
}

const checks = {
  async unary() {
    const service = client(exchange.RecordExchange, 'province');
    const listed = await unary(service, 'ListFormats', {});
    assert(listed.formats.some((f) => f.id === NATIONAL));
    const answer = await unary(service, 'Translate', { from: NATIONAL, to: SUZHOU, document: records[0] });
    assert.strictEqual(answer.translated, 1);
    assert(answer.document.toString().includes('ADM_COUNTERPART'));
  },

  async bidi() {
    const service = client(exchange.RecordExchange, 'province');
    const call = service.Push(new grpc.Metadata(), soon(30));
    const receipts = collect(call);
    records.forEach((record, i) => call.write({ key: `js-${i}`, format: NATIONAL, record }));
    call.end();
    const got = await receipts;
    assert.deepStrictEqual(got.map((r) => r.key), records.map((_, i) => `js-${i}`));
    assert(got.every((r) => r.outcome === 'OUTCOME_NEW' || r.outcome === 'OUTCOME_DUPLICATE'));
  },

  async serverStream() {
    const service = client(exchange.RecordExchange, 'suzhou');
    const got = await collect(service.Pull({ format: SUZHOU }, purpose(), soon(30)));
    const end = got.pop().end;
    assert(end && end.delivered === got.length && got.length > 5);
    const rest = await collect(service.Pull({ format: SUZHOU, cursor: got[4].cursor }, purpose(), soon(30)));
    assert.strictEqual(rest.length, got.length - 5 + 1);
    assert(rest[0].record.equals(got[5].record));
  },

  async refusal() {
    const service = client(exchange.RecordExchange, 'suzhou');
    const error = await refused(collect(service.Pull({ format: 'suzhou.penalty@9' }, purpose(), soon(20))));
    assert.strictEqual(error.code, grpc.status.INVALID_ARGUMENT);
    const [details] = error.metadata.get('grpc-status-details-bin');
    assert(rpcStatus.type && details.toString('latin1').includes('format-unknown'));
  },

  async deadline() {
    const service = client(exchange.RecordExchange, 'province');
    const call = service.Push(new grpc.Metadata(), soon(0.5));
    call.write({ key: 'late', format: NATIONAL, record: records[0] });
    const error = await refused(collect(call));
    assert.strictEqual(error.code, grpc.status.DEADLINE_EXCEEDED);
  },

  async cancel() {
    const service = client(exchange.RecordExchange, 'suzhou');
    const call = service.Pull({ format: SUZHOU }, purpose(), soon(20));
    call.once('data', () => call.cancel());
    const error = await refused(collect(call));
    assert.strictEqual(error.code, grpc.status.CANCELLED);
    const again = await collect(service.Pull({ format: SUZHOU }, purpose(), soon(20)));
    assert(again.pop().end);
  },

  async health() {
    const service = client(health.Health, 'suzhou');
    assert.strictEqual((await unary(service, 'Check', { service: '' })).status, 'SERVING');
    const watch = service.Watch({ service: '' });
    const first = await new Promise((resolve, reject) => { watch.once('data', resolve); watch.once('error', reject); });
    assert.strictEqual(first.status, 'SERVING');
    watch.on('error', () => {});
    watch.cancel();
  },

  async reflection() {
    const service = client(reflection.ServerReflection, 'suzhou');
    const call = service.ServerReflectionInfo(soon(20));
    const got = collect(call);
    call.write({ list_services: '' });
    call.write({ file_containing_symbol: 'xinqiao.v1.RecordExchange' });
    call.end();
    const [list, file] = await got;
    assert(list.list_services_response.service.some((s) => s.name === 'xinqiao.v1.RecordExchange'));
    assert(file.file_descriptor_response.file_descriptor_proto.length >= 1);
  },

  // Many streams on one connection at once, and a refusal among them.
  async manyStreams() {
    const service = client(exchange.RecordExchange, 'suzhou');
    const pulls = Array.from({ length: 30 }, (_, i) => collect(service.Pull({ format: i % 5 ? SUZHOU : 'none@1' }, purpose(), soon(30)))
      .then((got) => got.length, (error) => error.code));
    const results = await Promise.all(pulls);
    results.forEach((r, i) => (i % 5 ? assert(r > 5) : assert.strictEqual(r, grpc.status.INVALID_ARGUMENT)));
  },
};

const check = checks[process.argv[2]];
if (!check) {
  console.error(`usage: node client.js ${Object.keys(checks).join('|')}`);
  process.exit(2);
}
check().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
