/** The Secure Remote Password protocol as Cognito speaks it (USER_SRP_AUTH): the password itself never leaves the page. */

const N = BigInt(
  `0x${
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B" +
    "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6" +
    "49286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D" +
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718" +
    "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D" +
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
  }`,
);
const G = 2n;
const INFO = "Caldera Derived Key\u0001";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string) => new TextEncoder().encode(text) as Bytes;
const hexOf = (bytes: Bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const ofHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) as Bytes;
const ofBase64 = (text: string) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)) as Bytes;
const toBase64 = (bytes: Bytes) => btoa(String.fromCharCode(...bytes));

function joined(...parts: Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/** A positive number's bytes in two's complement: with a zero before where its first bit is set. */
function padded(value: bigint): Bytes {
  const hex = value.toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  return ofHex(/^[89a-f]/i.test(even) ? `00${even}` : even);
}

async function hash(...parts: Bytes[]): Promise<bigint> {
  return BigInt(`0x${hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts))))}`);
}

async function hmac(key: Bytes, ...parts: Bytes[]): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, joined(...parts)));
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, ((base % N) + N) % N, exponent];
  while (rest > 0n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
    rest >>= 1n;
  }
  return result;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** As Cognito wants it: `Sun Nov 22 03:15:00 UTC 2026`. */
export function timestamp(now: Date): string {
  const clock = now.toISOString().slice(11, 19);
  return `${DAYS[now.getUTCDay()]} ${MONTHS[now.getUTCMonth()]} ${now.getUTCDate()} ${clock} UTC ${now.getUTCFullYear()}`;
}

export type Challenge = { SALT: string; SRP_B: string; SECRET_BLOCK: string; USER_ID_FOR_SRP: string };

/** One sign-in: `a` goes out first, `answer` proves the password. */
export class Proof {
  private constructor(
    private readonly secret: bigint,
    private readonly open: bigint,
  ) {}

  static start(random: Bytes = crypto.getRandomValues(new Uint8Array(128))): Proof {
    const secret = BigInt(`0x${hexOf(random)}`) % N;
    return new Proof(secret, power(G, secret));
  }

  get a(): string {
    return this.open.toString(16);
  }

  /** The responses to PASSWORD_VERIFIER; `pool` is the pool's id. Throws where the server's value is no honest one. */
  async answer(
    pool: string,
    password: string,
    challenge: Challenge,
    now = new Date(),
  ): Promise<Record<string, string>> {
    const serverOpen = BigInt(`0x${challenge.SRP_B}`);
    if (serverOpen % N === 0n) throw new Error("SRP_B is zero");
    const name = pool.slice(pool.indexOf("_") + 1);
    const user = challenge.USER_ID_FOR_SRP;
    const key = await this.key(name, user, password, challenge.SALT, serverOpen);
    const at = timestamp(now);
    const block = ofBase64(challenge.SECRET_BLOCK);
    const signature = await hmac(key, utf8(name), utf8(user), block, utf8(at));
    return {
      USERNAME: user,
      PASSWORD_CLAIM_SECRET_BLOCK: challenge.SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: toBase64(signature),
      TIMESTAMP: at,
    };
  }

  private async key(pool: string, user: string, password: string, salt: string, b: bigint): Promise<Bytes> {
    const u = await hash(padded(this.open), padded(b));
    if (u === 0n) throw new Error("the scrambling parameter is zero");
    const inner = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(`${pool}${user}:${password}`)));
    const x = await hash(padded(BigInt(`0x${salt}`)), inner);
    const k = await hash(padded(N), padded(G));
    const shared = power(b - k * power(G, x), this.secret + u * x);
    const prk = await hmac(padded(u), padded(shared));
    return (await hmac(prk, utf8(INFO))).slice(0, 16);
  }
}
