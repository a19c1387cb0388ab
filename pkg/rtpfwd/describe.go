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

// describe parses the payload, or the dependency descriptor where AV1 has one.
func (in *Inbound) describe(p *Packet, place *placement) bool {
	switch p.Codec {
	case VP8:
		return codec.ParseVP8(p.Payload(), &p.Desc) == nil
	case VP9:
		return codec.ParseVP9(p.Payload(), &p.Desc) == nil
	case H264:
		return codec.ParseH264(p.Payload(), &p.Desc) == nil
	case AV1:
		return in.readDependencies(p, place) || codec.ParseAV1(p.Payload(), &p.Desc) == nil
	}
	p.Desc = noDescriptor()
	return true
}

// noDescriptor is that of a packet without known video payload.
func noDescriptor() codec.Descriptor {
	return codec.Descriptor{PictureID: -1, FrameNumber: -1, TL0: -1, KeyIdx: -1}
}

// readDependencies parses the dependency descriptor. A late packet must not bring
// an old template structure back, so it gets a copy.
func (in *Inbound) readDependencies(p *Packet, place *placement) bool {
	where := p.extensions[dependencyDescriptor]
	if where.size == 0 || in.descriptors == nil {
		return false
	}
	if place.newest {
		return codec.ParseDependencyDescriptor(where.of(p.Raw), in.descriptors, &p.Desc) == nil
	}
	old := *in.descriptors
	return codec.ParseDependencyDescriptor(where.of(p.Raw), &old, &p.Desc) == nil
}

// noteFrame keeps the picture size and gives up what a keyframe supersedes. The
// parameter sets of H264 come in packets before the one that shows the keyframe,
// so only what is older than the picture is given up there.
func (in *Inbound) noteFrame(p *Packet, place *placement) {
	if p.Desc.Width != 0 {
		in.stats.Width, in.stats.Height = p.Desc.Width, p.Desc.Height
	}
	if !p.Desc.Keyframe || !p.Desc.Start {
		return
	}
	if p.Codec != H264 {
		in.loss.giveUpBefore(place.seq)
	} else if place.newest {
		in.loss.giveUpBefore(in.frame)
	}
}
