// SHA-256 (FIPS 180-4) of bytes that come piece by piece; sha256() in io/file.hpp is of bytes that are all there.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace fedorbit {

class Sha256 {
 public:
  Sha256();
  void add(const void* bytes, std::size_t count);
  /// Of all of them, as 64 lower-case hexadecimal digits; once, at the end.
  std::string digits();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace fedorbit
