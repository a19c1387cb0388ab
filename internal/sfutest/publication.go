package sfutest

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Format is what a publication sends.
type Format struct {
	Source signaling.Source
	FPS    int      // of video; 0: 30
	RIDs   []string // of simulcast, the smallest encoding first, each half the size of the next; none: one encoding
	Delta  int      // packets of a delta frame; 0: 1. A keyframe has three more
	Muted  bool     // from the start
	RED    bool     // audio with the frame before it in each packet (RFC 2198)
	DTX    bool     // audio that sends a frame in 400 ms while it is silent
	Deaf   bool     // sends nothing again, whatever is asked for
	Every  int      // frames from one keyframe to the next: it is deaf to requests. 0: keyframes come when they are asked for
	Bytes  int      // of a packet of video; 0: 600
	Steep  int      // how many times as many packets each encoding of simulcast has as the one below; 0: as many

	// ShortIDs makes picture ids of 7 bits instead of 15.
	ShortIDs bool

	// Numbers are where the counters of RTP start: near their wraps, for tests of wraps.
	Numbers Numbers
}

// Numbers are the starting points of an encoding's counters.
type Numbers struct {
	Seq       uint16
	Time      uint32
	PictureID uint16 // 15 bits
	TL0       uint8
	KeyIdx    uint8 // 5 bits
}

// The usual formats.
var (
	Camera     = Format{Source: signaling.SourceCamera}
	Microphone = Format{Source: signaling.SourceMicrophone}
	Screen     = Format{Source: signaling.SourceScreen, FPS: 10}
)

const (
	audioRate   = 48000
	videoRate   = 90000
	audioFrame  = 20 * time.Millisecond
	dtxFrame    = 400 * time.Millisecond
	packetBytes = 600
	fullWidth   = 1280
	fullHeight  = 720
	silence     = 127 // dBov below the loudest

	// muteInFlight is how long after a mute, or after its end, frames may be missing without a gap in the numbers: what
	// arrives while the server holds a publication for muted is not forwarded.
	muteInFlight = 200 * time.Millisecond
)

func (f *Format) kind() signaling.Kind {
	if f.Source == signaling.SourceMicrophone || f.Source == signaling.SourceScreenAudio {
		return signaling.KindAudio
	}
	return signaling.KindVideo
}

// Publication is a track that a participant sends: it makes media at its pace until it ends.
type Publication struct {
	// Fixed after construction.
	format    Format
	origin    uint64
	tr        *webrtc.RTPTransceiver
	encodings []*encoding
	makers    []*maker // one for each encoding
	world     *World
	connected func() bool // media starts with the connection, as in browsers

	// Owned by the participant's control goroutine.
	id   string // empty while it is not published
	mid  string
	stop context.CancelFunc // nil while it makes nothing
	done chan struct{}

	// Atomic.
	muted    atomic.Bool
	level    atomic.Int32 // dBov below the loudest
	toldMute atomic.Int64 // when the server last took a mute or the end of one: a time.Duration
}

// maker makes the frames of one encoding. run owns it.
type maker struct {
	*encoding
	index         uint8
	width, height int
	frame         uint32
	pictureID     uint16
	tl0           uint8
	keyIdx        uint8
	base          uint32
	sound         []byte        // the latest frame of audio
	soundAt       time.Duration // when it was made
	silent        bool          // that was silence
}

func newPublication(p *Participant, f Format) *Publication {
	pub := &Publication{format: f, origin: p.world.origin(p.identity, f.Source), world: p.world}
	pub.connected = func() bool { return p.connectedAt.Load() != 0 }
	pub.muted.Store(f.Muted)
	pub.level.Store(30)
	kind, codec := webrtc.RTPCodecTypeVideo, webrtc.MimeTypeVP8
	if f.kind() == signaling.KindAudio {
		kind, codec = webrtc.RTPCodecTypeAudio, webrtc.MimeTypeOpus
		if f.RED {
			codec = mimeRED
		}
	}
	rids := f.RIDs
	if len(rids) == 0 {
		rids = []string{""}
	}
	for i, rid := range rids {
		e := &encoding{
			id: string(f.Source), streamID: p.identity, rid: rid, kind: kind, codec: codec, now: p.world.now, seq: f.Numbers.Seq,
			deaf: f.Deaf, rtt: 2 * p.world.network.delay,
		}
		pub.encodings = append(pub.encodings, e)
		down := len(rids) - 1 - i
		pub.makers = append(pub.makers, &maker{
			encoding: e, index: uint8(i), width: fullWidth >> down, height: fullHeight >> down,
			pictureID: f.Numbers.PictureID & 0x7fff, tl0: f.Numbers.TL0, keyIdx: f.Numbers.KeyIdx, base: f.Numbers.Time + uint32(i)*0x1234567,
		})
	}
	return pub
}

// addTo adds the m-line to a PeerConnection.
func (p *Publication) addTo(pc *webrtc.PeerConnection) error {
	tr, err := pc.AddTransceiverFromTrack(p.encodings[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return fmt.Errorf("add a publication: %w", err)
	}
	if p.format.RED {
		if err := preferRED(tr); err != nil {
			return err
		}
	}
	for _, e := range p.encodings[1:] {
		if err := tr.Sender().AddEncoding(e); err != nil {
			return fmt.Errorf("add an encoding: %w", err)
		}
	}
	p.tr = tr
	return nil
}

// offer is the publication as the protocol declares it. Its m-line has a mid.
func (p *Publication) offer() signaling.PublicationOffer {
	p.mid = p.tr.Mid()
	po := signaling.PublicationOffer{
		CID: "cid-" + string(p.format.Source), Source: p.format.Source, Kind: p.format.kind(), MID: p.mid, Muted: p.format.Muted,
	}
	for _, e := range p.encodings {
		e.mu.Lock()
		e.mid = p.mid
		e.mu.Unlock()
	}
	if po.Kind == signaling.KindVideo {
		po.Width, po.Height = fullWidth, fullHeight
	}
	for _, rid := range p.format.RIDs {
		po.Encodings = append(po.Encodings, signaling.EncodingOffer{RID: rid})
	}
	return po
}

// start makes media until end.
func (p *Publication) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop, p.done = cancel, make(chan struct{})
	go func() {
		defer close(p.done)
		p.run(ctx)
	}()
}

// end stops the media and waits for it.
func (p *Publication) end() {
	if p.stop != nil {
		p.stop()
		<-p.done
		p.stop = nil
	}
}

func (p *Publication) run(ctx context.Context) {
	every, step := audioFrame, p.audio
	if p.format.kind() == signaling.KindVideo {
		fps := p.format.FPS
		if fps == 0 {
			fps = 30
		}
		every, step = time.Second/time.Duration(fps), p.video
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if !p.muted.Load() && p.connected() {
			step(p.world.now())
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// video sends one frame of each encoding.
func (p *Publication) video(now time.Duration) {
	for _, m := range p.makers {
		m.step(now, p)
	}
}

func (m *maker) step(now time.Duration, p *Publication) {
	if m.idle() {
		return
	}
	key := m.wantsKeyframe()
	if every := p.format.Every; every > 0 {
		key = int(m.frame)%every == 0
	}
	f := vp8Frame{
		stamp: stamp{origin: p.origin, encoding: m.index, key: key, frame: m.frame, needs: m.frame - 1, captured: now},
		width: m.width, height: m.height, size: cmp.Or(p.format.Bytes, packetBytes), pictureID: m.pictureID, short: p.format.ShortIDs, tl0: m.tl0,
	}
	f.parts = uint8(max(1, p.format.Delta))
	for range m.index {
		f.parts *= uint8(max(1, p.format.Steep))
	}
	if f.key {
		f.parts += 3
		m.keyIdx++
	}
	f.keyIdx = m.keyIdx
	m.frame++
	m.pictureID = (m.pictureID + 1) & 0x7fff
	m.tl0++
	m.send(m.base+rtpTime(now, videoRate), f.packets(), level{})
}

// idle tells whether an encoding has nowhere to send or is stopped: it then makes no frames.
func (e *encoding) idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.writer == nil || e.paused
}

// audio sends one frame of Opus (RFC 6716: a TOC byte of 20 ms, fullband, one frame).
func (p *Publication) audio(now time.Duration) {
	m := p.makers[0]
	dBov := uint8(p.level.Load())
	if m.idle() || p.format.DTX && dBov == silence && now-m.soundAt < dtxFrame {
		return
	}
	s := stamp{origin: p.origin, key: true, parts: 1, frame: m.frame, needs: m.frame - 1, captured: now}
	if now-time.Duration(p.toldMute.Load()) < muteInFlight || m.silent {
		s.needs = s.frame // most of silence is left out
	}
	m.frame++
	before, step := m.sound, now-m.soundAt
	m.sound, m.soundAt, m.silent = s.append([]byte{0xf8}, 80), now, dBov == silence
	payload := m.sound
	if p.format.RED {
		payload = redPayload(rtpTime(step, audioRate), before, m.sound)
	}
	m.send(m.base+rtpTime(now, audioRate), [][]byte{payload}, level{set: true, dBov: dBov, voice: dBov < silence})
}

func rtpTime(now time.Duration, rate int64) uint32 {
	return uint32(int64(now) * rate / int64(time.Second))
}

// reports are the sender reports of all encodings.
func (p *Publication) reports(now time.Duration) []rtcp.Packet {
	rate := float64(videoRate)
	if p.format.kind() == signaling.KindAudio {
		rate = audioRate
	}
	var out []rtcp.Packet
	for _, e := range p.encodings {
		if r := e.report(now, p.world.ntp(now), rate); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// KeyframeRequests are the times at which the server asked an encoding for a keyframe.
func (p *Publication) KeyframeRequests(encoding int) []time.Duration {
	e := p.encodings[encoding]
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]time.Duration(nil), e.requests...)
}

// Sent is how many packets an encoding has sent, and how many of them again.
func (p *Publication) Sent(encoding int) (packets, again int) {
	e := p.encodings[encoding]
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent, e.resent
}

// Level sets how loud the publication is: dBov below the loudest, 127 is silence (RFC 6464).
func (p *Publication) Level(dBov int) { p.level.Store(int32(dBov)) }

// Pause stops or starts one encoding.
func (p *Publication) Pause(encoding int, paused bool) { p.encodings[encoding].pause(paused) }
