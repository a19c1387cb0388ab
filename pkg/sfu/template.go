package sfu

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// A template is Pion's answer to the m-line of a slot, without what belongs to one participant. What is offered alike is answered alike, and
// a browser offers all of its slots, and those of its next visit, alike. On the fast path Pion has no part in what a slot sends, so it
// need not know of slots at all: it negotiates each kind of m-line once, on a PeerConnection that is made for that, and never again.
//
//	offer   0 audio slot           1 video slot   2 video slot   3 microphone
//	Pion    0 inactive, one codec                                3
//	answer  0 template             1 template     2 template     3
//
// Pion sees the first m-line of the bundle in any case, as that names the other side's transport (RFC 8843, section 7.1.3).
type template struct {
	media *sdp.MediaDescription
	rtx   bool // repairs have a source of their own
}

// A browser needs two or three templates; more are for who makes them up.
const (
	maxTemplates    = 64 // kept
	maxNewTemplates = 4  // made for one offer: each is a PeerConnection
)

// templates are those of a server.
type templates struct {
	make func(offered *sdp.MediaDescription) (*template, error)

	// Guarded by mu.
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*template // by signature; nil: Pion refuses what is offered
}

// of finds the template of an m-line, or makes it, if fewer were made than maxNewTemplates; nil if there is none.
func (ts *templates) of(offered *sdp.MediaDescription, made *int) *template {
	if ts == nil {
		return nil
	}
	key := signature(offered)
	ts.mu.Lock()
	t, found := ts.kept[key]
	ts.mu.Unlock()
	if found || *made >= maxNewTemplates {
		return t
	}
	*made++
	t, err := ts.make(offered)
	if err != nil {
		t = nil // the offer itself will tell why
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for other := range ts.kept {
		if len(ts.kept) < maxTemplates {
			break
		}
		delete(ts.kept, other) // any
	}
	if ts.kept == nil {
		ts.kept = map[[sha256.Size]byte]*template{}
	}
	ts.kept[key] = t
	return t
}

// makeTemplate has Pion answer one m-line, by itself: what else a participant offers has no influence on what others get.
func (s *Server) makeTemplate(offered *sdp.MediaDescription) (*template, error) {
	cert, err := s.certificate()
	if err != nil {
		return nil, err
	}
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.SetNet(s.cfg.Net)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(s.codecs), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(emptyRegistry()))
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{*cert}})
	if err != nil {
		return nil, fmt.Errorf("make a PeerConnection: %w", err)
	}
	defer pc.GracefulClose() // nothing was ever sent
	text, err := alone(offered)
	if err != nil {
		return nil, err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		return nil, err
	}
	for _, tr := range pc.GetTransceivers() {
		track := &slotTrack{id: "template", streamID: "template", media: tr.Kind()}
		sender, err := api.NewRTPSender(track, pc.SCTP().Transport())
		if err != nil {
			return nil, err
		}
		if err := tr.SetSender(sender, track); err != nil {
			return nil, err
		}
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return nil, err
	}
	return readTemplate(answer.SDP)
}

// transportAttributes are those of a bundle that each m-line of an answer repeats.
var transportAttributes = []string{sdp.AttrKeyConnectionSetup, "ice-ufrag", "ice-pwd", "ice-options", "fingerprint"}

// alone is an offer of one m-line, with a transport that nobody has.
func alone(offered *sdp.MediaDescription) (string, error) {
	m := *offered
	m.MediaName.Port.Value = 9
	m.Attributes = slices.DeleteFunc(slices.Clone(offered.Attributes), func(a sdp.Attribute) bool { return slices.Contains(ownAttributes, a.Key) })
	m.WithValueAttribute(sdp.AttrKeyMID, "0").WithValueAttribute(sdp.AttrKeyConnectionSetup, "actpass").
		WithICECredentials("nobody", "nobody-has-this-transport").
		WithValueAttribute("fingerprint", "sha-256 "+strings.TrimSuffix(strings.Repeat("00:", sha256.Size), ":"))
	desc := sdp.SessionDescription{
		Origin:            sdp.Origin{Username: "-", NetworkType: "IN", AddressType: "IP4", UnicastAddress: "0.0.0.0"},
		SessionName:       "-",
		TimeDescriptions:  []sdp.TimeDescription{{}},
		Attributes:        []sdp.Attribute{{Key: sdp.AttrKeyGroup, Value: "BUNDLE 0"}},
		MediaDescriptions: []*sdp.MediaDescription{&m},
	}
	b, err := desc.Marshal()
	return string(b), err
}

func readTemplate(answer string) (*template, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil {
		return nil, fmt.Errorf("parse our own answer: %w", err)
	}
	if len(desc.MediaDescriptions) != 1 || desc.MediaDescriptions[0].MediaName.Port.Value == 0 {
		return nil, invalid("the m-line is refused")
	}
	m := desc.MediaDescriptions[0]
	_, rtx := m.Attribute(sdp.AttrKeySSRCGroup)
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return slices.Contains(ownAttributes, a.Key) })
	return &template{media: m, rtx: rtx}, nil
}

// answer writes the answer to one m-line. seen is Pion's answer to the same m-line, nil if it has not seen it; transport is one of its
// answers in the bundle.
func (t *template) answer(line *offeredLine, track *slotTrack, seen, transport *sdp.MediaDescription) *sdp.MediaDescription {
	m := *t.media
	m.Attributes = append(make([]sdp.Attribute, 0, len(t.media.Attributes)+24), sdp.Attribute{Key: sdp.AttrKeyMID, Value: line.mid})
	for _, a := range transport.Attributes {
		if slices.Contains(transportAttributes, a.Key) {
			m.Attributes = append(m.Attributes, a)
		}
	}
	for _, a := range t.media.Attributes {
		if a.Key == sdp.AttrKeySendOnly && !line.recvs {
			a.Key = sdp.AttrKeyInactive
		}
		m.Attributes = append(m.Attributes, a)
	}
	if line.stopped {
		m.MediaName.Port.Value = 0
	}
	if b := boundOf(track); b != nil && line.recvs {
		nameSources(&m, b, track)
	}
	if seen != nil {
		for _, a := range seen.Attributes {
			if a.Key == sdp.AttrKeyCandidate || a.Key == sdp.AttrKeyEndOfCandidates {
				m.Attributes = append(m.Attributes, a)
			}
		}
	}
	return &m
}

// bare is what Pion sees of an m-line that has a template: its transport, and one codec so that it is not refused.
func (t *template) bare(offered *sdp.MediaDescription) *sdp.MediaDescription {
	m := *offered
	m.MediaName.Port.Value = 9
	m.MediaName.Formats = []string{t.format()}
	m.Attributes = nil
	for _, a := range offered.Attributes {
		switch a.Key {
		case sdp.AttrKeyMsid, sdp.AttrKeySSRC, sdp.AttrKeySSRCGroup, "bundle-only":
			continue
		case "rtpmap", "fmtp", "rtcp-fb": // all of them: Pion takes a payload type on later m-lines for what it was here
			if pt, _, _ := strings.Cut(a.Value, " "); pt != m.MediaName.Formats[0] && pt != "*" {
				continue
			}
		case sdp.AttrKeyRTCPMux:
		default:
			if !slices.Contains(ownAttributes, a.Key) {
				continue
			}
		}
		m.Attributes = append(m.Attributes, a)
	}
	return m.WithPropertyAttribute(sdp.AttrKeyInactive)
}

// format is the payload type of the first codec that stands for itself.
func (t *template) format() string {
	for _, c := range readAnswered(t.media).codecs {
		if c.codec != rtpfwd.RED {
			return fmt.Sprint(c.media)
		}
	}
	return t.media.MediaName.Formats[0]
}

// alone binds the track to sources of its own, which Pion never hears of.
func (t *slotTrack) alone(of *template) {
	own := &boundTrack{ssrc: randomUint32()}
	if of.rtx {
		own.rtxSSRC = randomUint32()
	}
	t.bound.Store(own)
}
