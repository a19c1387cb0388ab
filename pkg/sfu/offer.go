package sfu

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// offer is an SDP offer with the meaning that its sender gives to the m-lines, checked against each other.
type offer struct {
	sdp          string // without candidates: ours is the only side that is ever dialled
	lines        []offeredLine
	slots        map[string]signaling.SlotOffer
	publications map[string]*signaling.PublicationOffer
	tracks       map[string]*slotTrack // of all slots, by mid; known when Pion has answered
}

// offeredLine is what matters of one m-line.
type offeredLine struct {
	mid     string
	media   string // audio, video, application
	recvs   bool   // the offerer receives: our slot
	sends   bool
	rids    []string // of simulcast, in the order of a=simulcast
	ssrcs   []ssrcPair
	known   bool         // a codec that we know is offered
	codec   rtpfwd.Codec // of a slot for video
	model   string       // the mid of the m-line that Pion sees in its place; empty: this one
	tmpl    *template    // what it is answered by; nil: Pion's answer to it, or to its model
	stopped bool         // the port is 0, but not because the bundle has another one
	times   bool         // reference times of receivers are offered (RFC 3611, section 5.1)
}

// ssrcPair is a declared source and the source of its retransmissions (0: none).
type ssrcPair struct{ media, rtx uint32 }

// mediaLine is what an m-line was declared as. It never changes: an m-line is reused for its own kind only.
type mediaLine struct {
	media string
	slot  bool
	model string       // see twins.go
	tmpl  *template    // see template.go
	codec rtpfwd.Codec // of a slot for video
	rids  []string
}

// parseOffer checks an offer before Pion sees it, and leaves out what it need not see. Slots for video that name no codec are of the
// primary one. Slots that have a template are hidden from Pion; answers is nil where none may be. Its errors are of negotiation.* codes.
func parseOffer(o *signaling.Offer, pubs []signaling.PublicationOffer, known map[string]mediaLine, primary rtpfwd.Codec, answers *templates) (*offer, error) {
	if len(o.SDP) > maxSDPBytes {
		return nil, invalid("the SDP has %d bytes, at most %d are taken", len(o.SDP), maxSDPBytes)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(o.SDP); err != nil {
		return nil, invalid("the SDP does not parse: %v", err)
	}
	if len(desc.MediaDescriptions) == 0 {
		return nil, signaling.Errorf(signaling.CodeNegotiationUnusable, "the offer has no m-line")
	}
	if len(desc.MediaDescriptions) > maxMediaLines {
		return nil, invalid("the offer has %d m-lines, at most %d are taken", len(desc.MediaDescriptions), maxMediaLines)
	}
	out := &offer{slots: map[string]signaling.SlotOffer{}, publications: map[string]*signaling.PublicationOffer{}}
	for _, s := range o.Slots {
		out.slots[s.MID] = s
	}
	for i := range pubs {
		out.publications[pubs[i].MID] = &pubs[i]
	}
	if err := out.readLines(&desc); err != nil {
		return nil, err
	}
	if err := out.match(known); err != nil {
		return nil, err
	}
	if err := checkCredentials(&desc); err != nil {
		return nil, err
	}
	stripCandidates(&desc)
	out.trim(&desc, known, primary)
	out.hideTwins(&desc, known, answers)
	b, err := desc.Marshal()
	if err != nil {
		return nil, invalid("the SDP does not parse: %v", err)
	}
	out.sdp = string(b)
	return out, nil
}

// checkCredentials finds what Pion would miss only after it has applied the offer, when it is too late to refuse it.
func checkCredentials(desc *sdp.SessionDescription) error {
	for _, key := range [...]string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		_, found := desc.Attribute(key)
		for _, m := range desc.MediaDescriptions {
			_, here := m.Attribute(key)
			found = found || here
		}
		if !found {
			return invalid("the offer has no a=%s", key)
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return signaling.Errorf(signaling.CodeNegotiationInvalid, format, args...)
}

func (o *offer) readLines(desc *sdp.SessionDescription) error {
	seen := map[string]bool{}
	for _, m := range desc.MediaDescriptions {
		line, err := readLine(m)
		if err != nil {
			return err
		}
		if seen[line.mid] {
			return invalid("two m-lines have the mid %.32q", line.mid)
		}
		seen[line.mid] = true
		o.lines = append(o.lines, line)
	}
	for mid := range o.slots {
		if !seen[mid] {
			return invalid("slot %.32q is no m-line of the offer", mid)
		}
	}
	for mid := range o.publications {
		if !seen[mid] {
			return invalid("publication's mid %.32q is no m-line of the offer", mid)
		}
	}
	return nil
}

func readLine(m *sdp.MediaDescription) (offeredLine, error) {
	// What is kept beyond the negotiation is cloned: it would hold the text of the whole offer.
	line := offeredLine{media: strings.Clone(m.MediaName.Media), recvs: true, sends: true}
	_, bundleOnly := m.Attribute("bundle-only")
	line.stopped = m.MediaName.Port.Value == 0 && !bundleOnly
	rids := map[string]bool{}
	extmaps := 0
	rtxOf := map[uint32]uint32{}
	var ssrcs []uint32
	for _, a := range m.Attributes {
		switch a.Key {
		case sdp.AttrKeyMID:
			line.mid = strings.Clone(a.Value)
		case "rtpmap":
			_, name, _ := parseRTPMap(a.Value)
			codec := rtpfwd.ParseCodec(line.media + "/" + name)
			line.known = line.known || codec != rtpfwd.CodecNone && codec != rtpfwd.RED // which frames Opus, and is nothing by itself
		case sdp.AttrKeyRecvOnly:
			line.sends = false
		case sdp.AttrKeySendOnly:
			line.recvs = false
		case sdp.AttrKeyInactive:
			line.sends, line.recvs = false, false
		case sdp.AttrKeyExtMap:
			extmaps++
		case attrReports:
			line.times = line.times || slices.Contains(strings.Fields(a.Value), reportTimes)
		case "rid":
			if id, dir, _ := strings.Cut(a.Value, " "); strings.HasPrefix(dir, "send") {
				rids[id] = true
			}
		case "simulcast":
			line.rids = simulcastRIDs(a.Value)
		case sdp.AttrKeySSRC:
			if n, ok := leadingUint32(a.Value); ok && !slices.Contains(ssrcs, n) {
				ssrcs = append(ssrcs, n)
			}
		case sdp.AttrKeySSRCGroup:
			if f := strings.Fields(a.Value); len(f) == 3 && f[0] == sdp.SemanticTokenFlowIdentification {
				media, ok1 := leadingUint32(f[1])
				rtx, ok2 := leadingUint32(f[2])
				if ok1 && ok2 {
					rtxOf[media] = rtx
				}
			}
		}
	}
	if line.mid == "" || len(line.mid) > 32 {
		return line, invalid("an m-line has no mid, or one of more than 32 bytes")
	}
	if extmaps > maxExtmaps {
		return line, invalid("m-line %s has %d header extensions, at most %d are taken", line.mid, extmaps, maxExtmaps)
	}
	if len(line.rids) > 4 || len(ssrcs) > 16 {
		return line, invalid("m-line %s has more than 4 encodings", line.mid)
	}
	for _, rid := range line.rids {
		if !rids[rid] {
			return line, invalid("m-line %s: a=simulcast names the rid %.16q, which no a=rid declares", line.mid, rid)
		}
	}
	line.ssrcs = pairSSRCs(ssrcs, rtxOf)
	return line, nil
}

func pairSSRCs(ssrcs []uint32, rtxOf map[uint32]uint32) []ssrcPair {
	repairs := map[uint32]bool{}
	for _, rtx := range rtxOf {
		repairs[rtx] = true
	}
	var out []ssrcPair
	for _, s := range ssrcs {
		if !repairs[s] {
			out = append(out, ssrcPair{media: s, rtx: rtxOf[s]})
		}
	}
	return out
}

// simulcastRIDs lists the rids of "send q;h;f" (RFC 8853, section 5.1); alternatives and pauses are not told apart.
func simulcastRIDs(v string) []string {
	f := strings.Fields(v)
	for i := 0; i+1 < len(f); i += 2 {
		if f[i] != "send" {
			continue
		}
		var out []string
		for _, alternatives := range strings.Split(f[i+1], ";") {
			first, _, _ := strings.Cut(alternatives, ",")
			out = append(out, strings.Clone(strings.TrimPrefix(first, "~")))
		}
		return out
	}
	return nil
}

func leadingUint32(s string) (uint32, bool) {
	first, _, _ := strings.Cut(s, " ")
	n, err := strconv.ParseUint(first, 10, 32)
	return uint32(n), err == nil
}

// match holds the m-lines against what they are declared to be, now and before.
func (o *offer) match(known map[string]mediaLine) error {
	usable := false
	for i := range o.lines {
		line := &o.lines[i]
		if line.media != "audio" && line.media != "video" {
			continue
		}
		usable = true
		slot, isSlot := o.slots[line.mid]
		pub, isPub := o.publications[line.mid]
		before, isKnown := known[line.mid]
		switch {
		case isSlot && isPub:
			return invalid("m-line %s is declared as a slot and as a publication", line.mid)
		case isKnown && (before.media != line.media || isPub && before.slot || isSlot && !before.slot):
			return invalid("m-line %s was declared as something else before", line.mid)
		case isPub && isKnown && before.rids != nil && !slices.Equal(before.rids, line.rids):
			return invalid("m-line %s was published with other encodings before: use a new m-line", line.mid)
		case o.endsModel(line, known):
			return invalid("m-line %s cannot be ended, others that were offered like it are sent by it", line.mid)
		case (isSlot || isPub) && !line.known:
			return signaling.Errorf(signaling.CodeNegotiationUnusable, "no codec of m-line %s is known here", line.mid)
		case isSlot:
			if err := checkSlot(line, slot, isKnown); err != nil {
				return err
			}
		case isPub:
			if err := checkPublication(line, pub); err != nil {
				return err
			}
		case line.recvs && !isKnown:
			return invalid("m-line %s receives, but no slot declares it", line.mid)
		}
	}
	if !usable {
		return signaling.Errorf(signaling.CodeNegotiationUnusable, "the offer has no audio and no video m-line")
	}
	return nil
}

func checkSlot(line *offeredLine, s signaling.SlotOffer, known bool) error {
	if !line.recvs && !known {
		return invalid("m-line %s is declared as a slot but does not receive", line.mid)
	}
	switch s.Kind {
	case signaling.SlotAudio, signaling.SlotVideo:
		if line.media != string(s.Kind) {
			return invalid("m-line %s is %s, but its slot is of kind %s", line.mid, line.media, s.Kind)
		}
	case signaling.SlotScreen, signaling.SlotPinned:
	default:
		return invalid("m-line %s: unknown kind of slot %.16q", line.mid, s.Kind)
	}
	if len(s.Group) > 32 {
		return invalid("m-line %s: a group has at most 32 bytes", line.mid)
	}
	return nil
}

func checkPublication(line *offeredLine, p *signaling.PublicationOffer) error {
	if string(p.Kind) != line.media {
		return invalid("m-line %s is %s, but its publication is of kind %.16q", line.mid, line.media, p.Kind)
	}
	if !line.sends {
		return invalid("m-line %s is declared as a publication but does not send", line.mid)
	}
	if len(p.Encodings) > 0 && len(line.rids) > 0 {
		if len(p.Encodings) != len(line.rids) {
			return invalid("m-line %s has %d rids, its publication %d encodings", line.mid, len(line.rids), len(p.Encodings))
		}
		for _, e := range p.Encodings {
			if !slices.Contains(line.rids, e.RID) {
				return invalid("m-line %s has no rid %.16q", line.mid, e.RID)
			}
		}
	}
	return nil
}

// stripCandidates removes the offerer's candidates: nothing is sent to an address that has not proven itself first.
func stripCandidates(desc *sdp.SessionDescription) {
	for _, m := range desc.MediaDescriptions {
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == sdp.AttrKeyCandidate || a.Key == sdp.AttrKeyEndOfCandidates
		})
	}
}
