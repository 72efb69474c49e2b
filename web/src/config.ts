/** Where things are: `config.json`, which lies beside the app. */

export type Config = {
  account_pool: { endpoint: string; client_id: string; region: string; user_pool_id?: string | null };
  websocket_url: string;
  api: string;
  vapid_public_key: string | null;
};

export async function load(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return (await response.json()) as Config;
}

/** An address of the configuration, which may be relative to the app's own. */
export const absolute = (address: string) => new URL(address, document.baseURI).href.replace(/\/$/, "");
