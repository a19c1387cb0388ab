// The camera and the microphone of a participant, known to the tests: a colour that says who it is, a number that counts
// frames, and a tone. The functions here run in pages, before the pages' own scripts, so each stands for itself.

/** The colours of participants; far apart, so that no codec takes one for another. */
export const colours = {
  red: [215, 40, 40],
  green: [40, 175, 60],
  blue: [45, 70, 215],
  yellow: [225, 200, 40],
  magenta: [200, 50, 195],
  cyan: [45, 185, 200],
  white: [235, 235, 235],
  grey: [125, 125, 125],
};

/** How many bits the number in the picture has. */
export const numberBits = 10;

/** What a participant sends, if the test does not say otherwise. detail, up to 1, is how much of the picture is new in each
 * frame, so that it takes its bitrate as a camera's does; without it a picture takes next to nothing. */
export const defaultSource = { colour: 'red', tone: 440, width: 640, height: 360, fps: 20, detail: 0 };

/** Gives the page a camera with a coloured picture, a microphone with a tone, and a screen with both, in place of the
 * browser's. A tone of null keeps the browser's own microphone. */
export function installSource({ rgb, bits, tone, width, height, fps, detail, screen }) {
  /** Grey spots, as many light as dark, larger than the picture. */
  const spots = (w, h) => {
    const canvas = new OffscreenCanvas(w / 4, h / 4);
    const pen = canvas.getContext('2d');
    const picture = pen.createImageData(canvas.width, canvas.height);
    for (let i = 0; i < picture.data.length; i += 4) {
      picture.data.fill(Math.random() < 0.5 ? 0 : 255, i, i + 3);
      picture.data[i + 3] = 255 * detail * Math.random();
    }
    pen.putImageData(picture, 0, 0);
    return canvas;
  };

  /** A picture: the colour, and in its lowest quarter the number in black and white blocks, first bit on the left. */
  const camera = (w, h, [red, green, blue]) => {
    const canvas = document.createElement('canvas');
    canvas.width = w;
    canvas.height = h;
    const pen = canvas.getContext('2d', { alpha: false });
    const noise = detail > 0 ? spots(2 * w, 2 * h) : undefined;
    let number = 0;
    const draw = () => {
      number = (number + 1) % (1 << bits);
      window.cameraNumber = number; // what a viewer shows now is so much older
      pen.fillStyle = `rgb(${red} ${green} ${blue})`;
      pen.fillRect(0, 0, w, h);
      if (noise) pen.drawImage(noise, -w * Math.random(), -h * Math.random(), 2 * w, 2 * h);
      for (let i = 0; i < bits; i++) {
        pen.fillStyle = (number >> i) & 1 ? '#fff' : '#000';
        pen.fillRect((i * w) / bits, h * 0.75, w / bits, h * 0.25);
      }
    };
    draw();
    const track = canvas.captureStream(fps).getVideoTracks()[0];
    const timer = setInterval(() => (track.readyState === 'ended' ? clearInterval(timer) : draw()), 1000 / fps);
    // A canvas does not say its size as a camera does.
    const settings = track.getSettings.bind(track);
    track.getSettings = () => ({ ...settings(), width: w, height: h, frameRate: fps });
    return track;
  };

  let context;
  /** A tone that swells and fades three times a second: a steady one is taken for noise. */
  const microphone = (frequency) => {
    context ??= new AudioContext();
    const oscillator = new OscillatorNode(context, { frequency });
    const swell = new OscillatorNode(context, { frequency: 3 });
    const volume = new GainNode(context, { gain: 0.4 });
    const depth = new GainNode(context, { gain: 0.3 });
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    swell.connect(depth).connect(volume.gain);
    oscillator.connect(volume).connect(out);
    oscillator.start();
    swell.start();
    return out.stream.getAudioTracks()[0];
  };
  // A browser lets sound begin at a gesture only.
  for (const type of ['pointerdown', 'click', 'keydown']) {
    addEventListener(type, () => context?.state === 'suspended' && context.resume(), true);
  }

  if (!navigator.mediaDevices) return;
  const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const sound = async (frequency) =>
    frequency === null ? (await native({ audio: true })).getAudioTracks()[0] : microphone(frequency);
  navigator.mediaDevices.getUserMedia = async ({ video, audio } = {}) => {
    const stream = new MediaStream();
    if (video) stream.addTrack(camera(width, height, rgb));
    if (audio) stream.addTrack(await sound(tone));
    return stream;
  };
  navigator.mediaDevices.getDisplayMedia = async ({ audio } = {}) => {
    const stream = new MediaStream([camera(screen.width, screen.height, screen.rgb)]);
    if (audio) stream.addTrack(await sound(screen.tone));
    return stream;
  };
}
