package codec

import "testing"

// TestNoAllocations calls every exported function with the input that makes it
// do most, and with one that it refuses.
func TestNoAllocations(t *testing.T) {
	vp8 := unhex("90 f0 91 23 45 a7" + vp8Key)
	vp9 := bin("10101010 1000000100000010 00010000 00000101" + vp9Structure3 + "11111111")
	h264 := unhex("78 0018" + sps720 + "0004" + pps + "0005" + idr)
	h265 := unhex("60 01 0006" + hevcVPS1080 + "002a" + hevcSPS1080 + "0004" + hevcPPSUnit + "0004" + hevcIDR)
	av1 := bin("0010 1000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame)
	key := bin("11 001010 0000000000000001 10000" + structureL1T3)
	delta := bin("11 001011 0000000000000011 00111 111010 01 0111 10 00111111 00 11111111")
	red := unhex("ef 0f 00 03 6f 01 02 03 04")
	structure := l1t3(t)
	d, r := new(Descriptor), new(RED)
	targets := new([64]byte)
	for name, call := range map[string]func() error{
		"VP8":                    func() error { return ParseVP8(vp8, d) },
		"VP9":                    func() error { return ParseVP9(vp9, d) },
		"H264":                   func() error { return ParseH264(h264, d) },
		"H265":                   func() error { return ParseH265(h265, d) },
		"AV1":                    func() error { return ParseAV1(av1, d) },
		"descriptor, structure":  func() error { return ParseDependencyDescriptor(key, structure, d) },
		"descriptor, own values": func() error { return ParseDependencyDescriptor(delta, structure, d) },
		"rewrite VP8":            func() error { ParseVP8(vp8, d); RewriteVP8(vp8, d, 1, 2, 3); return nil },
		"rewrite VP9":            func() error { ParseVP9(vp9, d); RewriteVP9(vp9, d, 1, 2); return nil },
		"rewrite descriptor":     func() error { RewriteDependencyDescriptor(delta, 5); return nil },
		"rewrite targets": func() error {
			err := ParseDependencyDescriptor(key, structure, d)
			RewriteActiveTargets(targets[:], key, d, 0, 1)
			d.AddPayload(d)
			return err
		},
		"RED":         func() error { return ParseRED(red, r) },
		"rewrite RED": func() error { RewriteRED(red, 5); PutREDHeader(red, 5, 960, 3); PutREDPrimary(red[4:], 5); return nil },
		"accessors of the frame": func() error {
			_, _, _ = structure.Frame.Diffs(), structure.Frame.Target(1), structure.Frame.ChainDiff(1)
			return nil
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = call() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for name, call := range map[string]func() error{
		"VP8":        func() error { return ParseVP8(vp8[:3], d) },
		"VP9":        func() error { return ParseVP9(vp9[:9], d) },
		"H264":       func() error { return ParseH264(h264[:9], d) },
		"H265":       func() error { return ParseH265(h265[:9], d) },
		"AV1":        func() error { return ParseAV1(av1[:2], d) },
		"RED":        func() error { return ParseRED(red[:4], r) },
		"descriptor": func() error { return ParseDependencyDescriptor(key[:9], structure, d) },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
		if n := testing.AllocsPerRun(100, func() { _ = call() }); n != 0 {
			t.Errorf("%s: an error takes %v allocations", name, n)
		}
	}
}
