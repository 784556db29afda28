// Headers as a parser reads them that shares no line with Python's: JSON list of messages on standard input, of what was read on output.
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";

const read = [];
for (const raw of JSON.parse(readFileSync(0, "utf8"))) {
  const mail = await PostalMime.parse(raw);
  read.push([mail.subject, mail.from?.name, mail.from?.address, mail.headers.map(({ key }) => key)]);
}
process.stdout.write(JSON.stringify(read));
