import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Joined {
  readonly near: Socket;
  readonly far: Socket;
  /** The first packet: with the application's name. */
  hello: string;
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
    const port = Number(through.port);
    through.hostname = '127.0.0.1';
    through.port = String((server.address() as AddressInfo).port);
    const cable = new JobCable(server, through.href);
    server.on('connection', (near) => cable.#join(near, port));
    return cable;
  }

  /** Every connection breaks, and new ones do too. */
  cut(): void {
    this.#takes = 'nobody';
    for (const { near } of this.#joined) near.destroy();
  }

  /**
   * Connections stay open and nothing goes through them any more, for ever. Of those whose application's name has this
   * in it alone; unless told of all, and of new ones too.
   */
  swallow(application?: string): void {
    if (application === undefined) this.#takes = 'and says nothing';
    for (const { near, far, hello } of this.#joined) {
      if (application !== undefined && !hello.includes(application)) continue;
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

  #join(near: Socket, port: number): void {
    near.on('error', () => undefined);
    if (this.#takes === 'nobody') return void near.destroy();
    if (this.#takes === 'and says nothing') return void near.resume();
    const far = connect(port, '127.0.0.1').on('error', () => undefined);
    const joined: Joined = { near, far, hello: '' };
    this.#joined.add(joined);
    near.once('data', (packet) => (joined.hello = packet.toString('latin1')));
    near.pipe(far).pipe(near);
    near.on('close', () => {
      this.#joined.delete(joined);
      far.destroy();
    });
    far.on('close', () => near.destroy());
  }
}
