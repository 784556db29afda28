// The peer of tests/bench/dispatch.py: nodemailer's pool, sending ready bytes with each reader's address put in.
// node nodemailer.mjs COUNT CONNECTIONS PORT MESSAGE [dkim]; NODE_MODULES_DIR holds node_modules.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const nodemailer = createRequire(process.env.NODE_MODULES_DIR + "/x.js")("nodemailer");
const [count, connections, port, file, signs] = process.argv.slice(2);
const parts = readFileSync(file, "latin1").split("reader1@list1.example");
const key = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" });
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port: +port, secure: false, ignoreTLS: true, pool: true, maxConnections: +connections, maxMessages: Infinity,
  ...(signs ? { dkim: { domainName: "front.example", keySelector: "bench", privateKey: key() } } : {}),
});
const began = process.hrtime.bigint(), work = process.cpuUsage();
let number = 0;
async function one() {
  while (number < +count) {
    const to = `reader${++number}@list${number % 50}.example`;
    await pool.sendMail({ envelope: { from: "bounce@front.example", to }, raw: Buffer.from(parts.join(to), "latin1") });
  }
}
await Promise.all(Array.from({ length: +connections }, one));
const seconds = Number(process.hrtime.bigint() - began) / 1e9, spent = process.cpuUsage(work);
console.log(JSON.stringify({ sent: +count, seconds, processor: (spent.user + spent.system) / 1e6 }));
process.exit(0);
