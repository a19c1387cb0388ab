package sfu

import (
	"fmt"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/internal/srtpkeys"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// Header extensions by their URIs, as registered with IANA or by their experiments.
const (
	extMID             = sdp.SDESMidURI
	extRID             = sdp.SDESRTPStreamIDURI
	extRepairedRID     = sdp.SDESRepairRTPStreamIDURI
	extAudioLevel      = sdp.AudioLevelURI
	extAbsSendTime     = sdp.ABSSendTimeURI
	extTransportCC     = sdp.TransportCCURI
	extVideoOrient     = "urn:3gpp:video-orientation"
	extPlayoutDelay    = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
	extAbsCaptureTime  = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
	extDependency      = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
	extVideoAllocation = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00"
)

// The extensions that are taken, by kind of media.
var (
	audioExtensions = []string{extAudioLevel, extMID, extAbsSendTime, extTransportCC, extAbsCaptureTime}
	videoExtensions = []string{
		extMID, extRID, extRepairedRID, extAbsSendTime, extTransportCC, extAbsCaptureTime,
		extVideoOrient, extPlayoutDelay, extDependency, extVideoAllocation,
	}
)

// checkEvery is how often the path of a connected Transport is checked; 0: never.
func (t *Transport) checkEvery() time.Duration {
	if t.checks {
		return 2 * time.Second
	}
	return 0
}

// mimeRED is redundant audio (RFC 2198).
const mimeRED = "audio/red"

// newAPI makes the webrtc.API of one Transport. The interceptor registry stays empty: NACK, RTX, reports and feedback are ours. All
// share one MediaEngine, of which Pion makes a copy for what is negotiated.
func newAPI(t *Transport) (*webrtc.API, error) {
	se := webrtc.SettingEngine{LoggerFactory: t.srv.cfg.PionLog}
	se.SetNet(t.srv.cfg.Net)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.DisableActiveTCP(true)
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEUDPMux(t.muxOf()) // ICE-TCP included
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	se.SetICETimeouts(consentPause, consentClose, t.checkEvery())
	if err := se.SetAnsweringDTLSRole(t.role); err != nil {
		return nil, fmt.Errorf("set DTLS role: %w", err)
	}
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	se.SetSRTPReplayProtectionWindow(srtpkeys.ReplayWindow)
	se.SetFireOnTrackBeforeFirstRTP(true) // nothing is read from tracks, so nothing must wait for their first packet
	se.SetICEBindingRequestHandler(func(m *stun.Message, _, _ ice.Candidate, pair *ice.CandidatePair) bool {
		return t.onBindingRequest(m, pair)
	})
	se.BufferFactory = t.bufferFactory
	if t.fast != nil {
		t.fast.teach(&se)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(t.srv.codecs), webrtc.WithSettingEngine(se),
		webrtc.WithInterceptorRegistry(emptyRegistry())), nil
}

// emptyRegistry has no interceptors, where Pion would take its own ones for none.
func emptyRegistry() *interceptor.Registry { return &interceptor.Registry{} }

// registerMedia registers the codecs of rooms. Payload types are only our proposals: an answer takes the offer's.
func registerMedia(m *webrtc.MediaEngine) error {
	if err := registerAudio(m); err != nil {
		return err
	}
	if err := registerVideo(m); err != nil {
		return err
	}
	return registerExtensions(m)
}

// registerAudio registers Opus, RED that frames it, and G.711 for gateways and devices that have nothing else. None has parameters
// here: an answer takes those of the offer, and Pion drops a codec whose parameters differ from ours as soon as another one's do not.
func registerAudio(m *webrtc.MediaEngine) error {
	for _, a := range [...]struct {
		mime     string
		rate     uint32
		channels uint16
		pt       webrtc.PayloadType
	}{
		{webrtc.MimeTypeOpus, 48000, 2, 111},
		{mimeRED, 48000, 2, 63},
		{webrtc.MimeTypePCMU, 8000, 0, 0},
		{webrtc.MimeTypePCMA, 8000, 0, 8},
	} {
		c := webrtc.RTPCodecCapability{
			MimeType: a.mime, ClockRate: a.rate, Channels: a.channels,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "ack", Parameter: "ccfb"}, {Type: "nack"}, {Type: "rrtr"}},
		}
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: a.pt}, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("register %s: %w", a.mime, err)
		}
	}
	return nil
}

// registerVideo registers each video codec with its retransmissions.
func registerVideo(m *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "ack", Parameter: "ccfb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "rrtr"}}
	for _, v := range [...]struct {
		mime, fmtp string
		pt         webrtc.PayloadType
	}{
		{webrtc.MimeTypeVP8, "", 96},
		{webrtc.MimeTypeVP9, "profile-id=0", 98},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", 102},
		{webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f", 104},
		{webrtc.MimeTypeAV1, "", 45},
		{webrtc.MimeTypeH265, "profile-id=1;tier-flag=0;level-id=93;tx-mode=SRST", 49},
	} {
		media := webrtc.RTPCodecCapability{MimeType: v.mime, ClockRate: 90000, SDPFmtpLine: v.fmtp, RTCPFeedback: feedback}
		rtx := webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", v.pt),
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "ack", Parameter: "ccfb"}}, // Chromium ignores it if one payload type lacks it
		}
		for i, c := range []webrtc.RTPCodecCapability{media, rtx} {
			p := webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: v.pt + webrtc.PayloadType(i)}
			if err := m.RegisterCodec(p, webrtc.RTPCodecTypeVideo); err != nil {
				return fmt.Errorf("register %s: %w", c.MimeType, err)
			}
		}
	}
	return nil
}

func registerExtensions(m *webrtc.MediaEngine) error {
	for _, k := range [...]struct {
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

// extensionField is the place of an extension's id; nil if the extension is not known.
func extensionField(ids *rtpfwd.ExtensionIDs, uri string) *uint8 {
	switch uri {
	case extMID:
		return &ids.MID
	case extRID:
		return &ids.RID
	case extRepairedRID:
		return &ids.RepairedRID
	case extAudioLevel:
		return &ids.AudioLevel
	case extAbsSendTime:
		return &ids.AbsSendTime
	case extTransportCC:
		return &ids.TransportCC
	case extVideoOrient:
		return &ids.VideoOrientation
	case extPlayoutDelay:
		return &ids.PlayoutDelay
	case extAbsCaptureTime:
		return &ids.AbsCaptureTime
	case extDependency:
		return &ids.DependencyDescriptor
	case extVideoAllocation:
		return &ids.VideoLayersAllocation
	}
	return nil
}
