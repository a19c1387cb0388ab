package client

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

// track is an Encoding as Pion sees it.
type track struct{ *Encoding }

var _ webrtc.TrackLocal = track{}

// Bind implements webrtc.TrackLocal.
func (t track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	e := t.Encoding
	e.mu.Lock()
	defer e.mu.Unlock()
	var chosen *webrtc.RTPCodecParameters
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, e.capability.MimeType) {
			chosen = &p
			break
		}
	}
	if chosen == nil {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	e.pt = uint8(chosen.PayloadType)
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, webrtc.MimeTypeRTX) && p.SDPFmtpLine == aptLine(chosen.PayloadType) {
			e.rtxPT = uint8(p.PayloadType)
		}
	}
	e.ssrc, e.rtxSSRC, e.writer = uint32(c.SSRC()), uint32(c.SSRCRetransmission()), c.WriteStream()
	e.ext = map[string]uint8{}
	for _, x := range c.HeaderExtensions() {
		e.ext[x.URI] = uint8(x.ID)
	}
	e.wanted = true // the first frame
	return *chosen, nil
}

// Unbind implements webrtc.TrackLocal.
func (t track) Unbind(webrtc.TrackLocalContext) error {
	e := t.Encoding
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writer = nil
	return nil
}

// ID implements webrtc.TrackLocal.
func (t track) ID() string { return string(t.source) }

// RID implements webrtc.TrackLocal.
func (t track) RID() string { return t.rid }

// StreamID implements webrtc.TrackLocal. Camera and microphone have the same, and screen and its sound.
func (t track) StreamID() string {
	if strings.HasPrefix(string(t.source), "screen") {
		return "screen"
	}
	return "person"
}

// Kind implements webrtc.TrackLocal.
func (t track) Kind() webrtc.RTPCodecType {
	if strings.HasPrefix(t.capability.MimeType, "audio/") {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}
