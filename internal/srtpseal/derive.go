package srtpseal

import (
	"crypto/aes"
	"crypto/cipher"
)

// The labels of the key derivation (RFC 3711, section 4.3.2).
const (
	labelKey  = 0x00
	labelSalt = 0x02
)

// derive computes n bytes of session key or salt (RFC 3711, section 4.3, with a key derivation rate of 0). A salt of AES-GCM is shorter than
// the 14 bytes of the derivation: zeros follow it (RFC 7714, section 11).
func derive(label byte, key, salt []byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	const labelAt = 7 // above an index of six bytes, which is 0
	var iv [aes.BlockSize]byte
	copy(iv[:14], salt)
	iv[labelAt] ^= label
	out := make([]byte, n)
	cipher.NewCTR(block, iv[:]).XORKeyStream(out, out)
	return out, nil
}
