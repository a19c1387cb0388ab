// What a page shows and sounds, as its user sees and hears it: decoded pictures and decoded sound, not events. The
// function runs in pages, before the pages' own scripts, so it stands for itself.

/** Makes window.watch: every video element of the page is looked at frame by frame, and every RTCPeerConnection is kept. */
export function installWatch({ palette, bits }) {
  const canvas = new OffscreenCanvas(bits * 4, 16);
  const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  const videos = new Map(); // element: what was seen in it
  const transports = [];
  const clicks = [];
  const changes = []; // each time an element begins to show another colour

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...parameters) {
      super(...parameters);
      transports.push(this);
    }
  };
  addEventListener('click', () => clicks.push(performance.now()), true);

  const nameOf = (r, g, b) => {
    if (r + g + b < 75) return 'black';
    let best = 'other';
    let least = 75;
    for (const [name, rgb] of Object.entries(palette)) {
      const distance = Math.hypot(r - rgb[0], g - rgb[1], b - rgb[2]);
      if (distance < least) [best, least] = [name, distance];
    }
    return best;
  };

  /** Reads the frame that a video element shows now. */
  const read = (video) => {
    const { width, height } = canvas;
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const sum = [0, 0, 0];
    const rows = 8; // the upper half: the number is in the lowest quarter
    for (let i = 0; i < width * rows * 4; i += 4) for (let c = 0; c < 3; c++) sum[c] += data[i + c];
    const mean = sum.map((s) => Math.round(s / (width * rows)));
    let number = 0;
    for (let i = 0; i < bits; i++) {
      const at = (14 * width + i * 4 + 2) * 4;
      if (data[at] + data[at + 1] + data[at + 2] > 384) number |= 1 << i;
    }
    let print = 0; // a fingerprint: tells pictures apart that have no number
    for (const byte of data) print = (print * 31 + byte) | 0;
    return { colour: nameOf(...mean), mean, number, print };
  };

  /** The name of the tile that a video belongs to: "identity-source" on the conference page, else the element's id. */
  const tileOf = (video) => {
    const { identity, source } = video.closest('[data-identity]')?.dataset ?? {};
    return identity ? `${identity}-${source}` : video.id;
  };

  /** Whether the picture can be seen: elements are kept out of sight until the right picture is in them. */
  const inSight = (video) => video.srcObject !== null && video.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const follow = (video) => {
    const seen = { frames: 0, colours: {}, colour: '', number: -1, mean: [], print: 0, at: 0, stoodMs: 0, inSight: false };
    videos.set(video, seen);
    const look = (now, picture) => {
      const before = seen.inSight ? seen.colour : '';
      Object.assign(seen, picture, { inSight: inSight(video) });
      const { colour, mean } = seen;
      if (seen.inSight && colour !== before) changes.push({ at: now, colour, mean, tile: tileOf(video) });
    };
    const frame = (now) => {
      seen.frames++;
      if (seen.at > 0) seen.stoodMs = Math.max(seen.stoodMs, now - seen.at);
      look(now, { ...read(video), at: now });
      if (seen.inSight) seen.colours[seen.colour] = (seen.colours[seen.colour] ?? 0) + 1;
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
    new MutationObserver(() => look(performance.now(), {})).observe(video, { attributes: true, attributeFilter: ['style', 'class'] });
  };
  const scan = () => {
    for (const video of document.querySelectorAll('video')) if (!videos.has(video)) follow(video);
    for (const video of videos.keys()) if (!video.isConnected) videos.delete(video);
  };
  new MutationObserver(scan).observe(document, { childList: true, subtree: true });

  const describe = (video) => {
    const seen = videos.get(video);
    const box = video.getBoundingClientRect();
    return {
      ...seen, tile: tileOf(video), track: video.srcObject?.getVideoTracks()[0]?.id, width: video.videoWidth, height: video.videoHeight, inSight: inSight(video),
      ageMs: Math.round(performance.now() - seen.at), shown: { width: Math.round(box.width), height: Math.round(box.height) },
    };
  };

  let audio;
  const meters = new Map(); // track: its analyser
  /** The loudest frequency of a track; null where no AudioContext runs (Firefox without an audio device). */
  const toneOf = (track) => {
    audio ??= new AudioContext();
    if (audio.state !== 'running') {
      void audio.resume();
      return null;
    }
    let analyser = meters.get(track);
    if (!analyser) {
      analyser = new AnalyserNode(audio, { fftSize: 4096, smoothingTimeConstant: 0 });
      new MediaStreamAudioSourceNode(audio, { mediaStream: new MediaStream([track]) }).connect(analyser);
      meters.set(track, analyser);
    }
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(spectrum);
    const peak = spectrum.indexOf(Math.max(...spectrum));
    return Math.round((peak * audio.sampleRate) / analyser.fftSize);
  };

  const heard = new Map(); // track id: energy and duration at the last call
  /** The level of the sound that a receiver has played since the last call: root mean square, 0 to 1. */
  const levelOf = async (receiver) => {
    let now = { energy: 0, duration: 0 };
    (await receiver.getStats()).forEach((s) => {
      if (s.type === 'inbound-rtp') now = { energy: s.totalAudioEnergy ?? 0, duration: s.totalSamplesDuration ?? 0 };
    });
    const last = heard.get(receiver.track.id) ?? { energy: 0, duration: 0 };
    heard.set(receiver.track.id, now);
    const duration = now.duration - last.duration;
    return duration > 0 ? Math.sqrt((now.energy - last.energy) / duration) : 0;
  };

  const open = () => transports.filter((t) => t.signalingState !== 'closed');
  window.watch = {
    clicks,
    changes,
    /** What each video element shows. */
    videos: () => [...videos.keys()].filter((v) => v.isConnected).map(describe),
    /** Counts anew from now on for how long a picture stood at the longest. */
    restart() {
      for (const seen of videos.values()) Object.assign(seen, { stoodMs: 0, at: performance.now() });
    },
    /** The level since the last call and the loudest frequency of each remote audio track. */
    sounds() {
      const receivers = open().flatMap((t) => t.getReceivers()).filter((r) => r.track.kind === 'audio');
      return Promise.all(receivers.map(async (r) => ({ level: await levelOf(r), tone: toneOf(r.track) })));
    },
    /** The statistics of all open transports as a flat list, of these types. */
    async stats(types) {
      const out = [];
      for (const t of open()) (await t.getStats()).forEach((s) => types.includes(s.type) && out.push(s));
      return out;
    },
    /** The selected candidate pairs: how the media goes. */
    async path() {
      const all = new Map();
      for (const t of open()) (await t.getStats()).forEach((s) => all.set(s.id, s));
      const chosen = [...all.values()].filter((s) => s.type === 'transport').map((s) => s.selectedCandidatePairId);
      const selected = [...all.values()].filter((s) => s.type === 'candidate-pair' && (s.selected || chosen.includes(s.id)));
      return selected.map((p) => {
        const local = all.get(p.localCandidateId) ?? {};
        const remote = all.get(p.remoteCandidateId) ?? {};
        return {
          local: local.candidateType, protocol: local.protocol, relay: local.relayProtocol ?? '', remote: remote.candidateType,
          received: p.bytesReceived, sent: p.bytesSent, port: remote.port,
        };
      });
    },
    descriptions: () => open().map((t) => ({ local: t.localDescription?.sdp, remote: t.remoteDescription?.sdp })),
  };
}
