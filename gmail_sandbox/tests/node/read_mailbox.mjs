// Reads a mailbox of the sandbox as a program for Gmail does, and prints what it found as JSON.
// Takes from the environment: SANDBOX (address), TOKEN (access token), SINCE (history id).
import { auth, gmail } from "@googleapis/gmail";

const { SANDBOX, TOKEN, SINCE } = process.env;
const credentials = new auth.OAuth2();
credentials.setCredentials({ access_token: TOKEN });
const { users } = gmail({ version: "v1", auth: credentials, rootUrl: `${SANDBOX}/` });
const userId = "me";

const listed = [];
let pageToken;
do {
  const page = (await users.messages.list({ userId, maxResults: 2, pageToken })).data;
  listed.push(...page.messages.map((message) => message.id));
  pageToken = page.nextPageToken;
} while (pageToken);

const message = (await users.messages.get({ userId, id: listed[0] })).data;
const file = message.payload.parts.find((part) => part.filename);
const attachment = (
  await users.messages.attachments.get({ userId, messageId: message.id, id: file.body.attachmentId })
).data;
const thread = (await users.threads.get({ userId, id: message.threadId, format: "minimal" })).data;
const history = (await users.history.list({ userId, startHistoryId: SINCE })).data;
const missing = await users.messages.get({ userId, id: "0" }).catch((error) => error.status);

console.log(
  JSON.stringify({
    listed,
    subject: message.payload.headers.find((header) => header.name === "Subject").value,
    filename: file.filename,
    content: Buffer.from(attachment.data, "base64url").toString(),
    thread: thread.messages.map((each) => each.id),
    added: history.history.flatMap((record) => record.messagesAdded ?? []).map((each) => each.message.id),
    missing,
  }),
);
