#include "algorithms/codecs/zstd.hpp"

#include <zstd.h>

#include <source_location>

namespace fedorbit {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::size_t check(std::size_t result, std::source_location at = std::source_location::current()) {
  require(ZSTD_isError(result) == 0, "zstd: ", ZSTD_getErrorName(result), " (", at.function_name(), ").");
  return result;
}

}  // namespace

std::string zstd_version() { return ZSTD_versionString(); }

Bytes ZstdCodec::encode(const Tensor& values, const Message& message) const {
  const Bytes content = inner_->encode(values, message);
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  require(context != nullptr, "zstd: there is no memory to compress with.");
  check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level_));
  Bytes bytes(ZSTD_compressBound(content.size()));
  bytes.resize(check(ZSTD_compress2(context.get(), bytes.data(), bytes.size(), content.data(), content.size())));
  return bytes;
}

Tensor ZstdCodec::decode(const Bytes& bytes, const Message& message) const {
  const auto expected = std::size_t(inner_->size(message.layout));
  const unsigned long long stated = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (stated == ZSTD_CONTENTSIZE_ERROR || stated == ZSTD_CONTENTSIZE_UNKNOWN)
    refuse(message, "zstd", "it is no frame that states its content's length");
  if (stated != expected)
    refuse(message, "zstd", "its content is said to have ", stated, " bytes, and its tensors take ", expected);
  if (const std::size_t frame = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()); frame != bytes.size())
    refuse(message, "zstd", "its ", bytes.size(), " bytes are not one frame");
  Bytes content(expected);
  const std::size_t read = ZSTD_decompress(content.data(), content.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(read) != 0) refuse(message, "zstd", ZSTD_getErrorName(read));
  if (read != expected) refuse(message, "zstd", "its content has ", read, " bytes instead of ", expected);
  return inner_->decode(content, message);
}

}  // namespace fedorbit
