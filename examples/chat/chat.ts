// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
  wait,
} from "@asyncio/asyncio";
import { readLine } from "./line.ts";
import { Member } from "./member.ts";

/** The limits of a chat. */
export interface ChatOptions {
  /** The greatest number of connections, with a name or without. */
  readonly maxConnections?: number;
  /** The time limit for entering a name, in seconds. */
  readonly nameTimeout?: number;
  /** The time after which a silent member is disconnected, in seconds. */
  readonly idleTimeout?: number;
  /** The pause after each line of a member, in seconds. */
  readonly pause?: number;
}

/** The longest line, in bytes. */
const LIMIT = 1024;

const NAME = /^[\p{L}\p{N}_-]{1,20}$/u;

const HELP = "/join ROOM, /rooms, /who, /quit; all else is said to the room";

/** Starts a chat. */
export async function startChat(
  host: string,
  port: number,
  options: ChatOptions = {},
): Promise<ChatServer> {
  const chat = new Chat(options);
  const server = await startServer(
    (reader, writer) => chat.welcome(reader, writer),
    host,
    port,
    { limit: LIMIT },
  );
  return new ChatServer(chat, server);
}

/** A running chat. */
export class ChatServer implements AsyncDisposable {
  readonly #chat: Chat;
  readonly #server: Server<Deno.NetAddr>;

  constructor(chat: Chat, server: Server<Deno.NetAddr>) {
    this.#chat = chat;
    this.#server = server;
  }

  /** The address of the chat. */
  get address(): Deno.NetAddr {
    return this.#server.sockets[0]!.addr;
  }

  /** Says good-bye to all members, and waits some seconds for the message to be sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#chat.tellAll("The chat closes");
    this.#server.closeClients();
    await wait([this.#server.waitClosed()], { timeout: 5 });
    this.#server.abortClients();
    await this.#server.waitClosed();
  }
}

/** The rooms and their members. */
class Chat {
  readonly #options: Required<ChatOptions>;
  /** All members, by their names. */
  readonly #members = new Map<string, Member>();
  #connections = 0;

  constructor(options: ChatOptions) {
    this.#options = {
      maxConnections: 1000,
      nameTimeout: 30,
      idleTimeout: 3600,
      pause: 0.05,
      ...options,
    };
  }

  /** Sends a line to all members. */
  tellAll(text: string): void {
    for (const member of this.#members.values()) member.tell(`* ${text}`);
  }

  /** Serves one connection until it ends. */
  async welcome(reader: StreamReader, writer: StreamWriter): Promise<void> {
    this.#connections++;
    try {
      const farewell = await this.#serve(reader, writer);
      if (farewell !== null) writer.write(`* ${farewell}\r\n`);
      await hangUp(writer);
    } catch (error) {
      // A client that disconnects is not an error of the chat
      if (!isDisconnection(error)) throw error;
    } finally {
      this.#connections--;
      writer.transport.abort();
    }
  }

  /** Returns the last words, if there are any. */
  async #serve(
    reader: StreamReader,
    writer: StreamWriter,
  ): Promise<string | null> {
    if (this.#connections > this.#options.maxConnections) {
      return "The chat is full";
    }
    try {
      const member = await timeout(
        this.#options.nameTimeout,
        () => this.#introduce(reader, writer),
      );
      if (member === null) return null;
      try {
        return await this.#listen(reader, member);
      } finally {
        this.#members.delete(member.name);
        this.#tellRoom(member.room, `${member.name} has left`);
      }
    } catch (error) {
      if (error instanceof TimeoutError) return "You said nothing for too long";
      if (error instanceof RangeError) return error.message;
      throw error;
    }
  }

  /** Asks for a name until it is valid; returns null if the client gives up. */
  async #introduce(
    reader: StreamReader,
    writer: StreamWriter,
  ): Promise<Member | null> {
    while (true) {
      writer.write("* What is your name?\r\n");
      const name = await readLine(reader);
      if (name === null) return null;
      if (!NAME.test(name)) {
        writer.write("* A name has 1 to 20 letters and digits\r\n");
      } else if (this.#members.has(name)) {
        writer.write("* That name is taken\r\n");
      } else {
        const member = new Member(name, writer);
        this.#members.set(name, member);
        member.tell(`* Hello, ${name}! ${HELP}`);
        this.#enter(member, "hall");
        return member;
      }
    }
  }

  async #listen(reader: StreamReader, member: Member): Promise<string | null> {
    while (true) {
      const line = await timeout(
        this.#options.idleTimeout,
        () => readLine(reader),
      );
      if (line === null) return null;
      if (line === "/quit") return "Good bye";
      if (line.startsWith("/")) this.#obey(member, line);
      else if (line !== "") this.#say(member, line);
      // A client that sends faster fills a buffer, and then has to wait
      await sleep(this.#options.pause);
    }
  }

  #obey(member: Member, line: string): void {
    const [command, room = ""] = line.split(/ +/);
    switch (command) {
      case "/join":
        if (!NAME.test(room)) return member.tell("* Which room?");
        this.#tellRoom(member.room, `${member.name} has left`, member);
        return this.#enter(member, room);
      case "/rooms":
        return member.tell(`* Rooms: ${this.#rooms().join(", ")}`);
      case "/who":
        return member.tell(`* Here: ${this.#namesIn(member.room).join(", ")}`);
      default:
        return member.tell(`* ${HELP}`);
    }
  }

  #enter(member: Member, room: string): void {
    member.room = room;
    this.#tellRoom(room, `${member.name} has come to ${room}`);
  }

  #say(member: Member, text: string): void {
    for (const other of this.#membersIn(member.room)) {
      if (other !== member) other.tell(`${member.name}: ${text}`);
    }
  }

  #tellRoom(room: string, text: string, except?: Member): void {
    for (const member of this.#membersIn(room)) {
      if (member !== except) member.tell(`* ${text}`);
    }
  }

  #membersIn(room: string): Member[] {
    return [...this.#members.values()].filter((each) => each.room === room);
  }

  #namesIn(room: string): string[] {
    return this.#membersIn(room).map(({ name }) => name).sort();
  }

  #rooms(): string[] {
    return [...new Set(this.#members.values().map(({ room }) => room))].sort();
  }
}

/** Closes a connection when everything is sent, or after some seconds. */
async function hangUp(writer: StreamWriter): Promise<void> {
  writer.close();
  try {
    await timeout(5, () => writer.waitClosed());
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}

function isDisconnection(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.TimedOut;
}
