import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Connect, Plugin } from "vite";

type StackFile = {
  api_url: string;
  websocket_url: string;
  aws: { endpoint_url: string; region: string };
  outputs: Record<string, string>;
};

/** `vite` and `vite preview` beside a running `make run`: config.json out of its stack.json, the API by a proxy. */
export function localStack(): Plugin {
  const file = process.env["TEXTENSION_STACK_FILE"] ?? resolve("../.local/stack.json");
  const stack = () => JSON.parse(readFileSync(file, "utf-8")) as StackFile;
  const config: Connect.NextHandleFunction = (request, response, next) => {
    if (request.url?.split("?")[0] !== "/app/config.json") return next();
    const { aws, outputs, websocket_url } = stack();
    response.setHeader("Content-Type", "application/json");
    response.end(
      JSON.stringify({
        account_pool: {
          endpoint: aws.endpoint_url,
          client_id: outputs["UserPoolClientId"],
          region: aws.region,
          user_pool_id: outputs["UserPoolId"],
        },
        websocket_url,
        api: "../api/v1",
        vapid_public_key: null,
      }),
    );
  };
  const proxy = () => ({ "/api": { target: stack().api_url, changeOrigin: true } });
  return {
    name: "local-stack",
    config(_, { command, isPreview }) {
      if (process.env["VITEST"] || (command === "build" && !isPreview)) return {};
      const server = { host: "127.0.0.1", strictPort: true, proxy: proxy() };
      return { base: "/app/", server, preview: server };
    },
    configureServer: (server) => void server.middlewares.use(config),
    configurePreviewServer: (server) => void server.middlewares.use(config),
  };
}
