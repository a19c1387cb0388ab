// How loud a microphone is.

/** Calls show with the level of a track, from 0 to 1, for each frame that is painted. Returns a function that ends it. */
export function meter(track: MediaStreamTrack, show: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  let frame = requestAnimationFrame(function next() {
    frame = requestAnimationFrame(next);
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    const loud = Math.max(0, Math.min(1, (10 * Math.log10(power + 1e-9) + 55) / 45)); // -55 dBFS is silence
    level = Math.max(loud, level * 0.92);
    show(level);
  });
  void context.resume().catch(() => undefined);
  return () => {
    cancelAnimationFrame(frame);
    void context.close().catch(() => undefined);
    show(0);
  };
}
