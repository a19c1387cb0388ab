package rtpfwd

import "github.com/heliograph/heliograph/pkg/rtpfwd/codec"

// readLevel takes the audio level (RFC 6464 section 3).
func (in *Inbound) readLevel(p *Packet) {
	p.Level, p.Voice, p.HasLevel = 127, false, false
	if place := p.extensions[audioLevel]; place.size > 0 {
		b := p.Raw[place.at]
		p.Level, p.Voice, p.HasLevel = b&0x7f, b&0x80 != 0, true
	}
}

// describe fills p.Desc. False if nothing can be told of the packet.
//
// The dependency descriptor comes first wherever it is, whatever the codec: it alone
// tells of payloads that are encrypted end to end. Where the template structure that
// it needs is missing, the payload is asked; if that says nothing either, the start,
// the end and the number of the frame remain, which is enough to pass the packet on.
func (in *Inbound) describe(p *Packet, place *placement) bool {
	if !p.Codec.Video() {
		p.Desc = noDescriptor()
		return p.Codec != RED || in.readBlocks(p)
	}
	if p.extensions[dependencyDescriptor].size < 3 || in.descriptors == nil {
		return parsePayload(p, &p.Desc)
	}
	known := in.readDependencies(p, place)
	var payload codec.Descriptor
	parsed := parsePayload(p, &payload)
	if !known && parsed {
		payload.FrameNumber = p.Desc.FrameNumber
		p.Desc = payload
		return true
	}
	addPayload(p, &payload, parsed)
	return true
}

// parsePayload fills d from the payload alone.
func parsePayload(p *Packet, d *codec.Descriptor) bool {
	switch p.Codec {
	case VP8:
		return codec.ParseVP8(p.Payload(), d) == nil
	case VP9:
		return codec.ParseVP9(p.Payload(), d) == nil
	case H264:
		return codec.ParseH264(p.Payload(), d) == nil
	case H265:
		return codec.ParseH265(p.Payload(), d) == nil
	case AV1:
		return codec.ParseAV1(p.Payload(), d) == nil
	}
	return false
}

// addPayload completes what the dependency descriptor of p told.
func addPayload(p *Packet, payload *codec.Descriptor, parsed bool) {
	number, bits := p.Desc.PictureID, p.Desc.PictureIDBits
	p.Desc.AddPayload(payload)
	if p.Codec == AV1 {
		p.Desc.PictureID, p.Desc.PictureIDBits = number, bits // the frame number is all that it has
	}
	if p.Codec == VP9 && parsed {
		p.Desc.Predicted = payload.Predicted // P does not count references inside the picture
	}
}

// noDescriptor is that of a packet without known video payload.
func noDescriptor() codec.Descriptor {
	return codec.Descriptor{PictureID: -1, FrameNumber: -1, TL0: -1, KeyIdx: -1}
}

// readDependencies parses the dependency descriptor. A late packet must not bring
// an old template structure back, so it gets a copy.
func (in *Inbound) readDependencies(p *Packet, place *placement) bool {
	where := p.extensions[dependencyDescriptor]
	if place.newest {
		return codec.ParseDependencyDescriptor(where.of(p.Raw), in.descriptors, &p.Desc) == nil
	}
	old := *in.descriptors
	return codec.ParseDependencyDescriptor(where.of(p.Raw), &old, &p.Desc) == nil
}

// noteFrame keeps the picture size and gives up what a keyframe supersedes. Parameter
// sets may come in packets before the one that shows the keyframe: then only what is
// older than the picture is given up. A dependency descriptor shows the first packet.
func (in *Inbound) noteFrame(p *Packet, place *placement) {
	if p.Desc.Width != 0 {
		in.stats.Width, in.stats.Height = p.Desc.Width, p.Desc.Height
	}
	if !p.Desc.Keyframe || !p.Desc.Start {
		return
	}
	if !p.Codec.headed() || p.Desc.HasTargets {
		in.loss.giveUpBefore(place.seq)
	} else if place.newest {
		in.loss.giveUpBefore(in.frame)
	}
}
