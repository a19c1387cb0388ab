package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// Title says what a recording shows, as the page that sent it knows.
type Title struct {
	Name    string `json:"name"`    // of the file, without its ending
	Browser string `json:"browser"` // with its version
	Codec   string `json:"codec"`
	Mode    string `json:"mode"`    // a scalabilityMode, "simulcast" or "-"
	Size    string `json:"size"`    // of the picture, or "-"
	Packets int    `json:"packets"` // how many packets of media are written at most, from the first on
}

const (
	maxPackets = 5000 // bounds the memory of a recording
	maxRepairs = 8    // are written: browsers probe for bandwidth with many, all alike
)

type packet struct {
	at  time.Duration
	raw []byte
}

// recording is one PeerConnection that only receives.
type recording struct {
	pc      *webrtc.PeerConnection
	answer  string
	repairs map[byte]bool // payload types of RTX
	start   time.Time

	mu   sync.Mutex
	kept []packet
}

// newRecording answers an offer and keeps what comes.
func newRecording(offer string) (*recording, string, error) {
	r := &recording{start: time.Now()}
	api, err := newAPI(r.take)
	if err != nil {
		return nil, "", err
	}
	if r.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, "", fmt.Errorf("make PeerConnection: %w", err)
	}
	r.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		buffer := make([]byte, 1500)
		for { // the feedback to the browser is made of what is read
			if _, _, err := track.Read(buffer); err != nil {
				return
			}
		}
	})
	if err = r.negotiate(offer); err != nil {
		r.close()
		return nil, "", err
	}
	return r, r.answer, nil
}

func (r *recording) negotiate(offer string) error {
	if err := r.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return fmt.Errorf("apply offer: %w", err)
	}
	answer, err := r.pc.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("create answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(r.pc)
	if err := r.pc.SetLocalDescription(answer); err != nil {
		return fmt.Errorf("apply answer: %w", err)
	}
	<-gathered
	r.answer = withStartBitrate(r.pc.LocalDescription().SDP)
	r.repairs = repairTypes(r.answer)
	return nil
}

// withStartBitrate tells Chromium to begin at a rate that carries all layers.
func withStartBitrate(sdp string) string {
	var out strings.Builder
	for line := range strings.Lines(sdp) {
		out.WriteString(line)
		if pt, codec, ok := rtpmap(line); ok && strings.HasSuffix(codec, "/90000") && !strings.HasPrefix(codec, "rtx/") {
			fmt.Fprintf(&out, "a=fmtp:%s x-google-start-bitrate=2500\r\n", pt)
		}
	}
	return out.String()
}

func rtpmap(line string) (pt, codec string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "a=rtpmap:")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, " ")
}

// take keeps a decrypted packet, which is only lent.
func (r *recording) take(raw []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < maxPackets {
		r.kept = append(r.kept, packet{time.Since(r.start), slices.Clone(raw)})
	}
}

// count is the number of packets of media so far.
func (r *recording) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, p := range r.kept {
		if !r.repairs[p.raw[1]&0x7f] {
			n++
		}
	}
	return n
}

func (r *recording) askForKeyframes() error {
	var asks []rtcp.Packet
	for _, receiver := range r.pc.GetReceivers() {
		for _, track := range receiver.Tracks() {
			if track.Kind() == webrtc.RTPCodecTypeVideo {
				asks = append(asks, &rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())})
			}
		}
	}
	if len(asks) == 0 {
		return nil
	}
	return r.pc.WriteRTCP(asks)
}

// close ends the PeerConnection; what was kept stays.
func (r *recording) close() { _ = r.pc.Close() } // nothing depends on a clean end

// text is the recording as it is written.
func (r *recording) text(t *Title) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out strings.Builder
	fmt.Fprintf(&out, "# Recorded by scripts/capture-rtp.\nbrowser %s\ncodec %s\nmode %s\nsize %s\n", t.Browser, t.Codec, t.Mode, t.Size)
	describe(&out, r.answer)
	media, repair := 0, 0
	for _, p := range r.kept {
		if r.repairs[p.raw[1]&0x7f] {
			if repair++; repair > maxRepairs {
				continue
			}
		} else if media++; media > t.Packets {
			break
		}
		fmt.Fprintf(&out, "packet %d %s\n", (p.at - r.kept[0].at).Microseconds(), hex.EncodeToString(p.raw))
	}
	return []byte(out.String())
}

// repairTypes are the payload types of RTX.
func repairTypes(answer string) map[byte]bool {
	types := map[byte]bool{}
	for line := range strings.Lines(answer) {
		if pt, codec, ok := rtpmap(line); ok && strings.HasPrefix(codec, "rtx/") {
			if n, err := strconv.ParseUint(pt, 10, 7); err == nil {
				types[byte(n)] = true
			}
		}
	}
	return types
}

// describe writes the payload types and the header extensions that were agreed on.
func describe(out *strings.Builder, answer string) {
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		if pt, codec, ok := rtpmap(line); ok && !strings.HasPrefix(codec, "rtx/") {
			fmt.Fprintf(out, "payload %s %s\n", pt, strings.ToLower(codec))
		}
		if rest, ok := strings.CutPrefix(line, "a=fmtp:"); ok {
			if pt, apt, ok := strings.Cut(rest, " apt="); ok {
				fmt.Fprintf(out, "rtx %s %s\n", pt, apt)
			}
		}
		if rest, ok := strings.CutPrefix(line, "a=extmap:"); ok {
			fmt.Fprintf(out, "extension %s\n", rest)
		}
	}
}
