/** One drone's thermal video: JPEG messages over a WebSocket, the newest drawn, a refusal shown with its reason. */
import { waitMs } from "../picture/backoff";

/** No picture for longer than this is said on the tile. */
export const QUIET_MS = 2000;
/** From this close code on the server has answered, and trying again by ourselves would be wrong. */
const REFUSED_FROM = 4400;

export class Feed {
  state = $state<"connecting" | "playing" | "refused">("connecting");
  reason = $state("");
  drawnAtMs = $state<number | null>(null);
  #socket: WebSocket | null = null;
  #timer: number | null = null;
  #attempt = 0;
  #newest: Blob | null = null;
  #drawing = false;
  #stopped = false;

  constructor(
    private readonly address: string,
    private readonly canvas: HTMLCanvasElement,
  ) {
    this.open();
  }

  open(): void {
    this.state = "connecting";
    const socket = new WebSocket(this.address);
    socket.binaryType = "blob";
    this.#socket = socket;
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof Blob) this.#take(event.data);
    };
    socket.onclose = (event) => {
      if (this.#stopped) return;
      if (event.code >= REFUSED_FROM) {
        this.state = "refused";
        this.reason = event.reason || String(event.code);
        return;
      }
      this.state = "connecting";
      this.#timer = window.setTimeout(() => this.open(), waitMs(this.#attempt++, Math.random()));
    };
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) window.clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #take(frame: Blob): void {
    this.#newest = frame;
    if (!this.#drawing) void this.#draw();
  }

  /** Decode and draw; frames that come meanwhile replace each other. */
  async #draw(): Promise<void> {
    this.#drawing = true;
    while (this.#newest && !this.#stopped) {
      const frame = this.#newest;
      this.#newest = null;
      const image = await createImageBitmap(frame).catch(() => null);
      if (!image) continue;
      if (this.canvas.width !== image.width) this.canvas.width = image.width;
      if (this.canvas.height !== image.height) this.canvas.height = image.height;
      this.canvas.getContext("2d")?.drawImage(image, 0, 0);
      image.close();
      this.#attempt = 0;
      this.state = "playing";
      this.drawnAtMs = Date.now();
    }
    this.#drawing = false;
  }
}
