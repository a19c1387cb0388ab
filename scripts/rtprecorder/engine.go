package main

import (
	"fmt"
	"io"

	"github.com/pion/interceptor"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

// The header extensions that are agreed on, if the browser offers them: all that our server knows.
var (
	audioExtensions = []string{
		"urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		"urn:ietf:params:rtp-hdrext:sdes:mid",
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
		"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
	}
	videoExtensions = []string{
		"urn:ietf:params:rtp-hdrext:sdes:mid",
		"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
		"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
		"http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
		"urn:3gpp:video-orientation",
		"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
		"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
		"http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
	}
)

// newAPI makes an API whose decrypted RTP packets go to take, too.
func newAPI(take func([]byte)) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	for _, register := range []func(*webrtc.MediaEngine) error{registerAudio, registerVideo, registerExtensions} {
		if err := register(media); err != nil {
			return nil, err
		}
	}
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, fmt.Errorf("register interceptors: %w", err)
	}
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	se.BufferFactory = func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		buffer := packetio.NewBuffer()
		if kind != packetio.RTPBufferPacket {
			return buffer
		}
		return &tee{buffer, take}
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(registry)), nil
}

// tee is a buffer of Pion that shows what is written into it.
type tee struct {
	*packetio.Buffer
	take func([]byte)
}

// Write takes one decrypted packet.
func (t *tee) Write(b []byte) (int, error) {
	t.take(b)
	return t.Buffer.Write(b)
}

func registerAudio(m *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/red", ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111", RTCPFeedback: feedback}, PayloadType: 63},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: feedback}, PayloadType: 111},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	return nil
}

func registerVideo(m *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for i, v := range []struct{ mime, fmtp string }{
		{webrtc.MimeTypeVP8, ""},
		{webrtc.MimeTypeVP9, "profile-id=0"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"},
		{webrtc.MimeTypeAV1, ""},
	} {
		pt := webrtc.PayloadType(96 + 2*i)
		media := webrtc.RTPCodecCapability{MimeType: v.mime, ClockRate: 90000, SDPFmtpLine: v.fmtp, RTCPFeedback: feedback}
		rtx := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt)}
		for j, c := range []webrtc.RTPCodecCapability{media, rtx} {
			p := webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt + webrtc.PayloadType(j)}
			if err := m.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
				return fmt.Errorf("register %s: %w", c.MimeType, err)
			}
		}
	}
	return nil
}

func registerExtensions(m *webrtc.MediaEngine) error {
	for _, k := range []struct {
		kind webrtc.RTPCodecType
		uris []string
	}{{webrtc.RTPCodecTypeAudio, audioExtensions}, {webrtc.RTPCodecTypeVideo, videoExtensions}} {
		for _, uri := range k.uris {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, k.kind); err != nil {
				return fmt.Errorf("register extension %s: %w", uri, err)
			}
		}
	}
	return nil
}
