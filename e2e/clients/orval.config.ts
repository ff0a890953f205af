// The client of orval calls paths; the address goes before them.
export default {
  godwit: {
    input: "./generated/openapi.json",
    output: { target: "./generated/orval.ts", client: "fetch", baseUrl: process.env["GODWIT_URL"] ?? "" },
  },
};
