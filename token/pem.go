package token

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

var errPEM = errors.New(`the key is no RSA key in PEM, which begins with "-----BEGIN PUBLIC KEY-----" or "-----BEGIN RSA PRIVATE KEY-----"`)

// pemFault says what a file holds instead of an RSA key in PEM, and how to make one of it.
func pemFault(file []byte) error {
	block, _ := pem.Decode(file)
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return errors.New("the key file is empty: save the RSA key in PEM in it")
	case isWide(file):
		return errors.New("the key file is UTF-16, save it as UTF-8")
	case bytes.HasPrefix(file, []byte("ssh-")):
		return errors.New("the key is in the form of OpenSSH: convert it with ssh-keygen -e -m PKCS8")
	case file[0] == 0x30:
		return errors.New("the key is binary (DER): convert it with openssl pkey -inform DER, with -pubin for a public one")
	case block == nil && bytes.Contains(file, []byte("-----BEGIN ")):
		return errors.New("the PEM in the key file is cut off or damaged: copy all of it, from -----BEGIN to the dashes behind END")
	case block == nil:
		return errPEM
	}
	return blockFault(block)
}

// blockFault says what a PEM block is that holds no RSA key.
func blockFault(block *pem.Block) error {
	switch {
	case block.Type == "CERTIFICATE":
		return errors.New("the PEM in the key file is a certificate: take its key out with openssl x509 -pubkey -noout")
	case block.Type == "OPENSSH PRIVATE KEY":
		return errors.New("the private key is in the form of OpenSSH: convert it with ssh-keygen -p -m PEM")
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return errors.New("the private key is encrypted: decrypt it with openssl pkey, or give the public key, which is enough to verify")
	}
	return fmt.Errorf("the PEM in the key file (%.40q) holds no RSA key, and only RSA signatures are checked: give the RSA key of the key group", block.Type)
}

// privateKey reads an RSA private key in PEM, of PKCS #1 or PKCS #8.
func privateKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPEM
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errPEM
	}
	return key, nil
}

// publicKey reads an RSA public key in PEM, or that of a private key.
func publicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPEM
	}
	if parsed, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		if key, ok := parsed.(*rsa.PublicKey); ok {
			return key, nil
		}
		return nil, errPEM
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	private, err := privateKey(text)
	if err != nil {
		return nil, err
	}
	return &private.PublicKey, nil
}

// signRSA signs as PKCS #1 v1.5 does, which needs no chance.
func signRSA(text string, a algorithm, message []byte) ([]byte, error) {
	key, err := privateKey(text)
	if err != nil {
		return nil, errors.New("signing needs the RSA private key in PEM; the public key only verifies")
	}
	kind := crypto.SHA1
	if a == rsaSHA256 {
		kind = crypto.SHA256
	}
	return rsa.SignPKCS1v15(nil, key, kind, hashed(kind, message, nil))
}
