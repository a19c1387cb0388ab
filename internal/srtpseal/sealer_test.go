package srtpseal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors of RFC 7714, section 16.1, which begin with the session key.
func TestVectors(t *testing.T) {
	packet := unhex(t, "8040f17b8041f8d35501a0b2"+hex.EncodeToString([]byte("Gallia est omnis divisa in partes tres")))
	salt := unhex(t, "517569642070726f2071756f")
	for name, c := range map[string]struct{ key, want string }{
		"AEAD_AES_128_GCM": {"000102030405060708090a0b0c0d0e0f", "8040f17b8041f8d35501a0b2" +
			"f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"},
		"AEAD_AES_256_GCM": {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "8040f17b8041f8d35501a0b2" +
			"32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13"},
	} {
		s, err := newSession(unhex(t, c.key), salt)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, len(packet)+Overhead)
		n, err := s.Seal(s.Source(SSRC(packet)), dst, packet)
		if err != nil || hex.EncodeToString(dst[:n]) != c.want {
			t.Errorf("%s: %x, %v, want %s", name, dst[:n], err, c.want)
		}
	}
}

// sender makes packets of a few sources as a Transport sends them: numbers rise, wrap, come late and come again; headers have all that they may.
type sender struct {
	dice  *rand.Rand
	seqs  map[uint32]uint64 // the highest of each source, with its rollovers
	ssrcs []uint32
}

func newSender(seed uint64, sources int) *sender {
	d := rand.New(rand.NewPCG(seed, 7))
	s := &sender{dice: d, seqs: map[uint32]uint64{}}
	for range sources {
		ssrc := d.Uint32()
		s.ssrcs, s.seqs[ssrc] = append(s.ssrcs, ssrc), uint64(d.IntN(1<<15))
	}
	return s
}

func (s *sender) packet() []byte {
	ssrc := s.ssrcs[s.dice.IntN(len(s.ssrcs))]
	seq := s.seqs[ssrc]
	switch s.dice.IntN(10) {
	case 0: // late
		seq -= min(seq, uint64(s.dice.IntN(3000)))
	case 1: // after a gap
		seq += uint64(s.dice.IntN(20000))
	default:
		seq++
	}
	s.seqs[ssrc] = max(s.seqs[ssrc], seq)
	csrcs, words := s.dice.IntN(3), s.dice.IntN(4)
	b := []byte{0x80 | byte(csrcs), 96, byte(seq >> 8), byte(seq)}
	b = binary.BigEndian.AppendUint32(b, s.dice.Uint32())
	b = binary.BigEndian.AppendUint32(b, ssrc)
	for range csrcs {
		b = binary.BigEndian.AppendUint32(b, s.dice.Uint32())
	}
	if words > 0 {
		b[0] |= 0x10
		b = append(b, 0xbe, 0xde, 0, byte(words))
		for range words {
			b = append(b, 0x12, 1, 2, 3)
		}
	}
	for range s.dice.IntN(200) {
		b = append(b, byte(s.dice.Uint32()))
	}
	return b
}

// A Sealer and the library's context make the same bytes from the same master key, for ever: 100,000 packets, more than one rollover each.
func TestSameAsTheLibrary(t *testing.T) {
	for name, c := range map[string]struct {
		profile srtp.ProtectionProfile
		key     int
	}{"128": {srtp.ProtectionProfileAeadAes128Gcm, 16}, "256": {srtp.ProtectionProfileAeadAes256Gcm, 32}} {
		t.Run(name, func(t *testing.T) {
			from := newSender(1, 3)
			key, salt := make([]byte, c.key), make([]byte, saltSize)
			for i := range key {
				key[i] = byte(from.dice.Uint32())
			}
			for i := range salt {
				salt[i] = byte(from.dice.Uint32())
			}
			ours, err := New(key, salt)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := srtp.CreateContext(key, salt, c.profile)
			if err != nil {
				t.Fatal(err)
			}
			dst, rolled := make([]byte, 1000), false
			for i := range 100000 {
				b := from.packet()
				st := ours.Source(SSRC(b))
				n, err := ours.Seal(st, dst, b)
				if err != nil {
					t.Fatal(err)
				}
				want, err := theirs.EncryptRTP(nil, b, nil)
				if err != nil || !bytes.Equal(dst[:n], want) {
					t.Fatalf("packet %d: %x, the library %x, %v", i, dst[:n], want, err)
				}
				rolled = rolled || st.highest > 3<<16
			}
			if !rolled {
				t.Error("no rollover was tried")
			}
		})
	}
}

// No nonce serves for two packets with different numbers.
func TestNoncesDiffer(t *testing.T) {
	from := newSender(2, 2)
	s, err := New(make([]byte, 16), make([]byte, saltSize))
	if err != nil {
		t.Fatal(err)
	}
	type number struct {
		ssrc  uint32
		index uint64
	}
	used := map[[saltSize]byte]number{}
	dst := make([]byte, 1000)
	for range 100000 {
		b := from.packet()
		st := s.Source(SSRC(b))
		index := st.index(binary.BigEndian.Uint16(b[2:]))
		if _, err := s.Seal(st, dst, b); err != nil {
			t.Fatal(err)
		}
		n := number{st.ssrc, index}
		if before, ok := used[s.nonce]; ok && before != n {
			t.Fatalf("%x is that of %v and of %v", s.nonce, before, n)
		}
		used[s.nonce] = n
	}
}

func TestWhatIsNotSealed(t *testing.T) {
	s, err := New(make([]byte, 16), make([]byte, saltSize))
	if err != nil {
		t.Fatal(err)
	}
	good := []byte{0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 1, 2, 3}
	st := s.Source(3)
	dst := make([]byte, 100)
	change := func(at int, v byte) []byte { b := bytes.Clone(good); b[at] = v; return b }
	for name, c := range map[string]struct {
		b, dst []byte
		want   error
	}{
		"good":               {good, dst, nil},
		"just room":          {good, dst[:len(good)+Overhead], nil},
		"no room":            {good, dst[:len(good)+Overhead-1], ErrNoRoom},
		"nothing":            {nil, dst, ErrMalformed},
		"short":              {good[:11], dst, ErrMalformed},
		"another version":    {change(0, 0x50), dst, ErrMalformed},
		"another source":     {change(11, 4), dst, ErrMalformed},
		"too many sources":   {change(0, 0x8f), dst, ErrMalformed},
		"a cut extension":    {good[:14], dst, ErrMalformed},
		"too long extension": {change(15, 3), dst, ErrMalformed},
	} {
		if _, err := s.Seal(st, c.dst, c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	st.highest = lastIndex
	if _, err := s.Seal(st, dst, change(3, 0)); !errors.Is(err, ErrSpent) {
		t.Errorf("one more than a key may protect: %v", err)
	}
	for _, sizes := range [][2]int{{0, 12}, {24, 12}, {16, 14}, {16, 0}} {
		if _, err := New(make([]byte, sizes[0]), make([]byte, sizes[1])); err == nil {
			t.Errorf("a key of %d and a salt of %d bytes were taken", sizes[0], sizes[1])
		}
	}
}

func TestSealAllocatesNothing(t *testing.T) {
	s, packet, dst := forBench(t)
	st := s.Source(SSRC(packet))
	if n := testing.AllocsPerRun(100, func() { _, _ = s.Seal(st, dst, packet) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func forBench(t testing.TB) (s *Sealer, packet, dst []byte) {
	s, err := New(make([]byte, 16), make([]byte, saltSize))
	if err != nil {
		t.Fatal(err)
	}
	packet = append([]byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, make([]byte, 1188)...)
	return s, packet, make([]byte, 1300)
}

func BenchmarkSeal(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		s, packet, dst := forBench(b)
		st := s.Source(SSRC(packet))
		for b.Loop() {
			_, _ = s.Seal(st, dst, packet)
		}
	})
	b.Run("library", func(b *testing.B) {
		_, packet, dst := forBench(b)
		c, err := srtp.CreateContext(make([]byte, 16), make([]byte, saltSize), srtp.ProtectionProfileAeadAes128Gcm)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			_, _ = c.EncryptRTP(dst[:0], packet, nil)
		}
	})
}

// Whatever is given as a packet, what is sealed the library opens again.
func FuzzSeal(f *testing.F) {
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 1, 2, 3})
	f.Add(append([]byte{0x82, 96, 255, 255, 0, 0, 0, 2, 0, 0, 0, 3}, make([]byte, 20)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, salt := make([]byte, 16), make([]byte, saltSize)
		s, err := New(key, salt)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]byte, len(b)+Overhead)
		n, err := s.Seal(s.Source(SSRC(b)), dst, b)
		if _, malformed := new(rtp.Header).Unmarshal(b); err != nil || malformed != nil {
			return // of extensions the library also reads the elements
		}
		c, err := srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes128Gcm)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.DecryptRTP(nil, dst[:n], nil); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%x became %x, %v", b, got, err)
		}
	})
}
