// What a viewer receives over time, by its own statistics and by the frames that it shows.

const everyMs = 250;

export class Meter {
  #viewer;

  /** Begins to measure a viewer who shows one video. */
  static async start(viewer) {
    const self = new Meter();
    self.#viewer = viewer;
    await viewer.page.run(install, everyMs);
    return self;
  }

  /** All samples so far, and each pause between two frames that was longer than 300 ms. */
  async read() {
    const { samples, gaps } = await this.#viewer.page.run(() => window.meter.read());
    return new Record(samples, gaps);
  }
}

export class Record {
  constructor(samples, gaps) {
    this.samples = samples;
    this.gaps = gaps;
  }

  /** What happened between two times. A gap counts where it ends. */
  between(from, to) {
    const inside = ({ at }) => at >= from && at < to;
    return new Record(this.samples.filter(inside), this.gaps.filter(inside));
  }

  /** How much a counter has grown. */
  growth(name) {
    return (this.samples.at(-1)?.[name] ?? 0) - (this.samples[0]?.[name] ?? 0);
  }

  get seconds() {
    return ((this.samples.at(-1)?.at ?? 0) - (this.samples[0]?.at ?? 0)) / 1000;
  }

  /** Received bits a second, RTP only: media and repairs, of all kinds. */
  get rate() {
    return (8 * (this.growth('videoBytes') + this.growth('audioBytes'))) / this.seconds;
  }

  /** The longest time without a new frame, in ms. */
  get longestGap() {
    return Math.max(0, ...this.gaps.map((g) => g.ms));
  }

  /** The share of the sound that was made up because it was not there in time, in percent. */
  get concealed() {
    return (100 * this.growth('concealed')) / Math.max(1, this.growth('samples'));
  }

  /** The time at which the picture was first this wide, for good; undefined if it is not at the end. */
  settles(width) {
    let at;
    for (const s of this.samples) {
      if (s.width !== width) at = undefined;
      else at ??= s.at;
    }
    return at;
  }

  /** What the plot shows as received. */
  get received() {
    const bits = (s) => 8 * (s.videoBytes + s.audioBytes);
    return this.samples.slice(1).map((s, i) => {
      const before = this.samples[i];
      return { at: s.at, received: (1000 * (bits(s) - bits(before))) / (s.at - before.at), width: s.width };
    });
  }
}

/** Runs in the page. */
function install(everyMs) {
  const samples = [];
  const gaps = [];
  const take = async () => {
    const all = await window.watch.stats(['inbound-rtp']);
    const sum = (kind, name) => all.filter((s) => s.kind === kind).reduce((n, s) => n + (s[name] ?? 0), 0);
    const video = all.filter((s) => s.kind === 'video' && s.framesDecoded > 0);
    samples.push({
      at: Date.now(), videoBytes: sum('video', 'bytesReceived') + sum('video', 'headerBytesReceived'),
      audioBytes: sum('audio', 'bytesReceived') + sum('audio', 'headerBytesReceived'),
      decoded: sum('video', 'framesDecoded'), dropped: sum('video', 'framesDropped'), keyframes: sum('video', 'keyFramesDecoded'),
      freezes: sum('video', 'freezeCount'), frozen: sum('video', 'totalFreezesDuration'), plis: sum('video', 'pliCount'),
      nacks: sum('video', 'nackCount'), videoLost: sum('video', 'packetsLost'), audioLost: sum('audio', 'packetsLost'),
      audioPackets: sum('audio', 'packetsReceived'), samples: sum('audio', 'totalSamplesReceived'),
      concealed: sum('audio', 'concealedSamples'), silent: sum('audio', 'silentConcealedSamples'),
      width: document.querySelector('video').videoWidth, fps: video[0]?.framesPerSecond ?? 0,
    });
  };
  const video = document.querySelector('video');
  let last = performance.now();
  const frame = (now) => {
    if (now - last > 300) gaps.push({ at: performance.timeOrigin + now, ms: now - last });
    last = now;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  setInterval(() => void take(), everyMs);
  window.meter = {
    async read() {
      await take();
      const now = performance.now();
      const open = now - last > 300 ? [{ at: performance.timeOrigin + now, ms: now - last }] : [];
      return { samples, gaps: [...gaps, ...open] };
    },
  };
}
