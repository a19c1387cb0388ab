package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// With these in offer and answer browsers tell their reference times, which we answer anyway (RFC 3611, sections 4.4, 4.5, 5.1). Who
// sends no media has no other way to learn the round trip, and libwebrtc takes it for 100 ms until it does: it then asks that late
// for a resend that was lost, too.
const (
	attrReports = "rtcp-xr"
	reportTimes = "rcvr-rtt=all"
)

// answer is our SDP answer with what the workers need of it.
type answer struct {
	sdp      string
	payloads rtpfwd.PayloadTable
	lines    map[string]*answeredLine
}

// answeredLine is what was agreed for one m-line.
type answeredLine struct {
	codecs     []answeredCodec // best first
	extensions rtpfwd.ExtensionIDs
}

type answeredCodec struct {
	codec rtpfwd.Codec
	payloadPair
	rate uint32
	nack bool
}

// parseAnswer reads Pion's local description and completes it: candidates by the configured addresses, reference times, and a
// start bitrate for publications.
func parseAnswer(local string, o *offer, candidates []candidate) (*answer, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(local); err != nil {
		return nil, fmt.Errorf("parse our own answer: %w", err)
	}
	o.answerTwins(&desc, o.tracks)
	a := &answer{lines: map[string]*answeredLine{}}
	for _, m := range desc.MediaDescriptions {
		if m.MediaName.Port.Value == 0 {
			continue // rejected
		}
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		line := readAnswered(m)
		a.lines[mid] = line
		for _, c := range line.codecs {
			a.payloads.Codec[c.media] = c.codec
			if c.rtx != 0 {
				a.payloads.APT[c.rtx] = c.media
			}
		}
		if _, ok := o.publications[mid]; ok && m.MediaName.Media == "video" {
			setStartBitrate(m, line)
			refuseDescriptor(m, line)
		}
		if offered := o.line(mid); offered != nil && offered.times {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: attrReports, Value: reportTimes})
		}
	}
	setCandidates(&desc, candidates)
	b, err := desc.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write our own answer: %w", err)
	}
	a.sdp = string(b)
	return a, nil
}

func readAnswered(m *sdp.MediaDescription) *answeredLine {
	line := &answeredLine{}
	codecs := map[uint8]*answeredCodec{}
	repairs := map[uint8]bool{}
	for _, a := range m.Attributes {
		switch a.Key {
		case "rtpmap":
			pt, name, rate := parseRTPMap(a.Value)
			if strings.EqualFold(name, "rtx") {
				repairs[pt] = true
			} else {
				codecs[pt] = &answeredCodec{codec: rtpfwd.ParseCodec(m.MediaName.Media + "/" + name), payloadPair: payloadPair{media: pt}, rate: rate}
			}
		case sdp.AttrKeyExtMap:
			readExtmap(a.Value, &line.extensions)
		}
	}
	for _, a := range m.Attributes {
		if a.Key != "fmtp" && a.Key != "rtcp-fb" {
			continue
		}
		head, rest, _ := strings.Cut(a.Value, " ")
		pt, err := strconv.ParseUint(head, 10, 7)
		if err != nil {
			continue
		}
		switch a.Key {
		case "fmtp":
			if apt, ok := strings.CutPrefix(rest, "apt="); ok && repairs[uint8(pt)] {
				if n, err := strconv.ParseUint(apt, 10, 7); err == nil && codecs[uint8(n)] != nil {
					codecs[uint8(n)].rtx = uint8(pt)
				}
			}
		case "rtcp-fb":
			if c := codecs[uint8(pt)]; c != nil && rest == "nack" {
				c.nack = true
			}
		}
	}
	for _, f := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if c := codecs[uint8(pt)]; err == nil && c != nil && c.codec != rtpfwd.CodecNone {
			line.codecs = append(line.codecs, *c)
		}
	}
	return line
}

func parseRTPMap(v string) (pt uint8, name string, rate uint32) {
	head, rest, _ := strings.Cut(v, " ")
	n, _ := strconv.ParseUint(head, 10, 7)
	name, rest, _ = strings.Cut(rest, "/")
	clock, _, _ := strings.Cut(rest, "/") // behind it are the channels
	if clock != "" {
		r, _ := strconv.ParseUint(clock, 10, 32)
		rate = uint32(r)
	}
	return uint8(n), name, rate
}

func readExtmap(v string, ids *rtpfwd.ExtensionIDs) {
	head, uri, _ := strings.Cut(v, " ")
	head, _, _ = strings.Cut(head, "/") // the direction
	uri, _, _ = strings.Cut(uri, " ")   // attributes of the extension
	n, err := strconv.ParseUint(head, 10, 8)
	if err != nil {
		return
	}
	if field := extensionField(ids, uri); field != nil {
		*field = uint8(n)
	}
}

// setStartBitrate tells Chromium at what rate to start: without it the upper encodings of simulcast take seconds to appear.
func setStartBitrate(m *sdp.MediaDescription, line *answeredLine) {
	param := "x-google-start-bitrate=" + strconv.Itoa(startBitrateKbps)
	for _, c := range line.codecs {
		prefix := strconv.Itoa(int(c.media)) + " "
		i := slices.IndexFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == "fmtp" && strings.HasPrefix(a.Value, prefix)
		})
		if i >= 0 {
			m.Attributes[i].Value += ";" + param
			continue
		}
		at := slices.IndexFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == "rtpmap" && strings.HasPrefix(a.Value, prefix)
		})
		m.Attributes = slices.Insert(m.Attributes, at+1, sdp.Attribute{Key: "fmtp", Value: prefix + param})
	}
}

// refuseDescriptor takes the dependency descriptor back where the payload says all by itself: Chromium leaves picture id and
// temporal layer out of VP8 payloads once the descriptor is agreed on.
func refuseDescriptor(m *sdp.MediaDescription, line *answeredLine) {
	if len(line.codecs) > 0 && (line.codecs[0].codec == rtpfwd.VP9 || line.codecs[0].codec == rtpfwd.AV1) {
		return
	}
	line.extensions.DependencyDescriptor = 0
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		return a.Key == sdp.AttrKeyExtMap && strings.Contains(a.Value, extDependency)
	})
}

// setCandidates replaces the candidates of an answer, which stand for all our sockets, by the addresses that reach them.
// Which socket a check arrives at, the mux sees by itself.
func setCandidates(desc *sdp.SessionDescription, candidates []candidate) {
	lines := make([]sdp.Attribute, 0, len(candidates))
	for i, c := range candidates {
		lines = append(lines, c.attribute(65535-i))
	}
	for _, m := range desc.MediaDescriptions {
		at := slices.IndexFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == sdp.AttrKeyCandidate })
		if at < 0 {
			continue
		}
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == sdp.AttrKeyCandidate })
		m.Attributes = slices.Insert(m.Attributes, at, lines...)
	}
}

// attribute writes a host candidate by RFC 8839, section 5.1, with the priority of RFC 8445, section 5.1.2.1; localPref is 0
// to 65535. TCP is passive, and of a lower type preference, as RFC 6544, section 4.2, advises.
func (c candidate) attribute(localPref int) sdp.Attribute {
	typePref, suffix := 126, ""
	if c.network == "tcp" {
		typePref, suffix = 90, " tcptype passive"
	}
	priority := typePref<<24 | localPref<<8 | (256 - 1)
	foundation := fmt.Sprintf("%s%d", c.network, localPref)
	return sdp.Attribute{Key: sdp.AttrKeyCandidate, Value: fmt.Sprintf("%s 1 %s %d %s %d typ host%s",
		foundation, c.network, priority, c.addr.Addr(), c.addr.Port(), suffix)}
}

// slotParameters gives what a slot on the m-line mid may send.
func (a *answer) slotParameters(mid string) slotParameters {
	sp := slotParameters{payloads: map[rtpfwd.Codec]payloadPair{}}
	line := a.lines[mid]
	if line == nil {
		return sp
	}
	sp.extensions = line.extensions
	for _, c := range line.codecs {
		if _, ok := sp.payloads[c.codec]; ok {
			continue
		}
		if c.codec == rtpfwd.RED {
			sp.wantsRED = sp.payloads[rtpfwd.Opus].media == 0 // Opus comes later
		}
		sp.payloads[c.codec] = c.payloadPair
	}
	return sp
}

// sendCodec is the codec that the offerer sends on the m-line mid: the first one that was agreed. RED only frames it.
func (a *answer) sendCodec(mid string) rtpfwd.Codec {
	line := a.lines[mid]
	if line == nil {
		return rtpfwd.CodecNone
	}
	return line.first().codec
}

// first is the first codec that was agreed; the zero value if none was, or nothing but RED, which is a framing of Opus.
func (l *answeredLine) first() answeredCodec {
	for _, c := range l.codecs {
		if c.codec != rtpfwd.RED {
			return c
		}
	}
	return answeredCodec{}
}
