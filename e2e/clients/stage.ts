// What every call needs: where Godwit is, keys, and a project of the key's user.
declare const process: { env: Record<string, string | undefined>; exitCode: number };

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

export const stage = {
  url: given("GODWIT_URL"),
  userKey: given("GODWIT_USER_KEY"),
  publisherKey: given("GODWIT_PUBLISHER_KEY"),
  project: given("GODWIT_PROJECT"),
  receiver: given("GODWIT_RECEIVER"),
};

export const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

// found is what the test holds against what it knows itself.
export function found(webhook: string, event: string, delivery: { webhook_id: string; event_id: string } | undefined) {
  if (!delivery) throw new Error("no delivery is listed");
  console.log(JSON.stringify({ webhook, event, delivered: delivery }));
}

// run runs a program and shows what it throws, which may be a problem of the API.
export function run(main: () => Promise<void>) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
