import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text as they came. */
  readonly data: string;
}

export interface TestSmtp {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** User and password of each sign-in, decoded. */
  readonly logins: string[];
  /** So many deliveries are refused for now before one is taken. */
  refuse(times: number): void;
  stop(): Promise<void>;
}

/** A small SMTP server on 127.0.0.1 (RFC 5321, AUTH PLAIN): what nodemailer needs of one. */
export async function startSmtp(): Promise<TestSmtp> {
  const mails: ReceivedMail[] = [];
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  let refusals = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let from = "";
    let to: string[] = [];
    let data: string | null = null;
    let rest = "";
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const command = (line: string): void => {
      if (data !== null) {
        if (line !== ".") data += `${line.replace(/^\./, "")}\n`;
        else {
          if (refusals-- > 0) say("451 come back later");
          else {
            mails.push({ from, to, data });
            say("250 taken");
          }
          data = null;
        }
        return;
      }
      const [, verb = "", argument = ""] = /^(\w+)\s*(.*)$/.exec(line) ?? [];
      switch (verb.toUpperCase()) {
        case "EHLO":
          return void socket.write("250-test\r\n250 AUTH PLAIN\r\n");
        case "AUTH":
          logins.push(
            Buffer.from(argument.replace(/^PLAIN /i, ""), "base64")
              .toString()
              .replaceAll("\0", " ")
              .trim(),
          );
          return say("235 welcome");
        case "MAIL":
          from = /<(.*?)>/.exec(argument)?.[1] ?? "";
          to = [];
          return say("250 ok");
        case "RCPT":
          to.push(/<(.*?)>/.exec(argument)?.[1] ?? "");
          return say("250 ok");
        case "DATA":
          data = "";
          return say("354 go on");
        case "QUIT":
          say("221 bye");
          return void socket.end();
        default:
          return say("250 ok");
      }
    };
    say("220 test ESMTP");
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      lines.forEach(command);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    logins,
    refuse: (times) => (refusals = times),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
