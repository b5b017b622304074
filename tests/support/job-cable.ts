import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Joined {
  readonly near: Socket;
  readonly far: Socket;
  /** The worker's first packet: to PostgreSQL, with the application's name. */
  hello: string;
  /** What it has asked for and has no answer to. */
  asked: string;
}

/** A way to the database for one worker alone, which can be cut, and which can swallow what is sent (half-open). */
export class JobCable {
  readonly #joined = new Set<Joined>();
  #takes: 'all' | 'nobody' | 'and says nothing' = 'all';

  private constructor(
    private readonly server: Server,
    /** The database as the worker sees it. */
    readonly url: string,
  ) {}

  static async to(url: string): Promise<JobCable> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    const { hostname } = through;
    const port = Number(through.port || (through.protocol === 'mongodb:' ? 27_017 : 5_432));
    through.hostname = '127.0.0.1';
    through.port = String((server.address() as AddressInfo).port);
    // Else the driver asks the server where it is, and goes there.
    if (through.protocol === 'mongodb:') through.searchParams.set('directConnection', 'true');
    const cable = new JobCable(server, through.href);
    server.on('connection', (near) => cable.#join(near, hostname, port));
    return cable;
  }

  /**
   * Connections break: those whose first packet, or what is asked on them, is `about` this; unless told all, and new
   * ones too. Throws where there is none.
   */
  cut(about?: RegExp): void {
    if (!about) this.#takes = 'nobody';
    for (const { near } of this.#those(about)) near.destroy();
  }

  /** The same, but they stay open, and nothing goes through them any more, for ever. */
  swallow(about?: RegExp): void {
    if (!about) this.#takes = 'and says nothing';
    for (const { near, far } of this.#those(about)) {
      near.unpipe(far).resume();
      far.unpipe(near).resume();
    }
  }

  mend(): void {
    this.#takes = 'all';
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  #those(about: RegExp = /^/): readonly Joined[] {
    const found = [...this.#joined].filter(({ hello, asked }) => about.test(hello) || about.test(asked));
    if (!found.length && about.source !== '^') throw new Error(`No connection is about ${about}.`);
    return found;
  }

  #join(near: Socket, host: string, port: number): void {
    near.on('error', () => undefined);
    if (this.#takes === 'nobody') return void near.destroy();
    if (this.#takes === 'and says nothing') return void near.resume();
    const far = connect(port, host).on('error', () => undefined);
    const joined: Joined = { near, far, hello: '', asked: '' };
    this.#joined.add(joined);
    near.on('data', (packet) => {
      joined.asked += packet.toString('latin1');
      joined.hello ||= joined.asked;
    });
    far.on('data', () => (joined.asked = ''));
    near.pipe(far).pipe(near);
    near.on('close', () => {
      this.#joined.delete(joined);
      far.destroy();
    });
    far.on('close', () => near.destroy());
  }
}
