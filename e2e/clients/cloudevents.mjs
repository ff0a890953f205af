// Publishes one event in each mode by the SDK of CloudEvents for JavaScript, and
// prints the answers.
import { CloudEvent, HTTP } from "cloudevents";

const { GODWIT_URL, GODWIT_PUBLISHER_KEY, GODWIT_PROJECT } = process.env;

const event = (id) =>
  new CloudEvent({
    id,
    source: "/javascript",
    type: "TODO_CREATED",
    projectid: GODWIT_PROJECT,
    data: { previous: null, current: { title: "Zürich ☃" } },
  });

for (const mode of ["structured", "binary"]) {
  const message = HTTP[mode](event(`${GODWIT_PROJECT}-javascript-${mode}`));
  const answer = await fetch(`${GODWIT_URL}/v1/events`, {
    method: "POST",
    headers: { ...message.headers, Authorization: `Bearer ${GODWIT_PUBLISHER_KEY}` },
    body: message.body,
  });
  console.log(JSON.stringify({ mode, status: answer.status, body: await answer.json() }));
}
