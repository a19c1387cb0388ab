package connectbench

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	audioEvery  = 20 * time.Millisecond
	audioBytes  = 80
	videoEvery  = 40 * time.Millisecond
	videoBytes  = 200  // of a packet: what a publication keeps of its past is no cost of a viewer
	viewerRate  = 300  // packets of video a second that a viewer gets over all slots, if that is 25 a slot or more
	kept        = 1100 // packets that make the server forget the oldest of a publication
	fillFrames  = 110
	settlePause = 500 * time.Millisecond
	settleTries = 60
)

// stage is what the viewers of the second phase see: one participant for each slot.
type stage struct {
	video, audio []*client.Encoding
	perFrame     int // packets

	frames, sounds int // sent so far
}

// publish joins a participant for each slot of one kind, who publishes on as many slots of the other one as there are.
func (c *crew) publish(ctx context.Context, room string, slots SlotCount) (*stage, error) {
	s := &stage{perFrame: max(viewerRate/max(slots.Video, 1)/int(time.Second/videoEvery), 1)}
	for i := range max(slots.Audio, slots.Video) {
		var formats []client.Format
		if i < slots.Audio {
			formats = append(formats, client.Format{Source: signaling.SourceMicrophone})
		}
		if i < slots.Video {
			formats = append(formats, client.Format{Source: signaling.SourceCamera, Width: 640, Height: 360})
		}
		p, err := c.join(ctx, room, fmt.Sprint("publisher", i), client.Config{Slots: client.Slots{Audio: -1, Video: -1, Fixed: true}, Publish: formats})
		if err != nil {
			return nil, err
		}
		for _, pub := range p.Publications() {
			if pub.Format().Source == signaling.SourceMicrophone {
				s.audio = append(s.audio, pub.Encoding(0))
			} else {
				s.video = append(s.video, pub.Encoding(0))
			}
		}
	}
	return s, nil
}

// fill sends so much that the server keeps as much of the past of each publication as it ever will.
func (s *stage) fill(ctx context.Context) error {
	tick := time.NewTicker(videoEvery)
	defer tick.Stop()
	for range fillFrames {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		s.show(kept / fillFrames)
		for range 3 { // a fourth of what is kept of video is kept of sound
			s.sound()
		}
	}
	return nil
}

// play sends until ctx ends.
func (s *stage) play(ctx context.Context) {
	var sound sync.WaitGroup
	sound.Go(func() { each(ctx, audioEvery, s.sound) })
	each(ctx, videoEvery, func() { s.show(s.perFrame) })
	sound.Wait()
}

// show sends a frame of so many packets on each video.
func (s *stage) show(packets int) {
	for _, e := range s.video {
		key := e.KeyframeWanted() || s.frames == 0
		_ = e.Send(uint32(s.frames)*90000/uint32(time.Second/videoEvery), frame(s.frames, packets, key)...) // an idle one has nobody who looks
	}
	s.frames++
}

// sound sends a packet on each audio.
func (s *stage) sound() {
	for i, e := range s.audio {
		p := client.Packet{Payload: make([]byte, audioBytes), Marker: s.sounds == 0, Level: uint8(20 + i), Voice: true}
		_ = e.Send(uint32(s.sounds)*48000/uint32(time.Second/audioEvery), p) // an idle one has nobody who listens
	}
	s.sounds++
}

// each calls f at a steady rate.
func each(ctx context.Context, every time.Duration, f func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// frame makes a frame of VP8 (RFC 7741): descriptor with a picture id of 15 bits, and a payload header that says whether it is a
// keyframe (RFC 6386, section 9.1). Nobody decodes it.
func frame(n, count int, key bool) []client.Packet {
	packets := make([]client.Packet, count)
	for i := range packets {
		b := make([]byte, videoBytes)
		b[0], b[1] = 0x80, 0x80
		binary.BigEndian.PutUint16(b[2:], 0x8000|uint16(n)&0x7fff)
		if i == 0 {
			b[0] |= 0x10
			b[4] = 1
			if key {
				copy(b[4:], []byte{0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01})
			}
		}
		packets[i] = client.Packet{Payload: b, Marker: i == len(packets)-1}
	}
	return packets
}

// awaitMedia waits until every slot of the viewers receives.
func awaitMedia(ctx context.Context, viewers []*client.Participant) error {
	idle := 0
	for range settleTries {
		if idle = idleSlots(viewers); idle == 0 {
			return nil
		}
		if err := pause(ctx, settlePause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d slots of %d viewers receive nothing", idle, len(viewers))
}

func idleSlots(viewers []*client.Participant) (n int) {
	for _, p := range viewers {
		for _, s := range p.Slots() {
			if s.Stats().Packets == 0 {
				n++
			}
		}
	}
	return n
}

// pause waits for d, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
