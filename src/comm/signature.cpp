#include "comm/signature.hpp"

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

#include <string_view>
#include <type_traits>

#include "core/error.hpp"
#include "core/fingerprint.hpp"

namespace fedorbit {
namespace {

std::string subject(const Signature& signature) { return signature.subject.data(); }

}  // namespace

std::string type_name(std::int64_t dtype) {
  switch (c10::ScalarType(dtype)) {
    case c10::ScalarType::Float:
      return "float32";
    case c10::ScalarType::Double:
      return "float64";
    case c10::ScalarType::Long:
      return "int64";
    case c10::ScalarType::Int:
      return "int32";
    case c10::ScalarType::Byte:
      return "uint8";
    default:
      return c10::toString(c10::ScalarType(dtype));
  }
}

std::uint64_t fingerprint(const Signature& signature) {
  static_assert(std::has_unique_object_representations_v<Signature>, "equal signatures have equal bytes");
  return fingerprint(std::string_view(reinterpret_cast<const char*>(&signature), sizeof signature));
}

std::string described(const Signature& signature) {
  std::string sentence = name(signature.collective);
  if (signature.collective == Collective::agree) return sentence + " on the " + subject(signature);
  if (signature.collective == Collective::all_reduce) sentence += signature.reduce == Reduce::sum ? " (sum)" : " (max)";
  if (signature.dtype < 0) return sentence;
  sentence +=
      text(" of ", signature.numel, " ", type_name(signature.dtype), signature.numel == 1 ? " value" : " values");
  if (signature.device != 0) sentence += " on " + c10::DeviceTypeName(c10::DeviceType(signature.device), true);
  return sentence;
}

void require_same(std::span<const Signature> of_all) {
  const Signature& root = of_all[0];
  for (std::size_t rank = 1; rank < of_all.size(); ++rank) {
    Signature other = of_all[rank];
    if (other == root) continue;
    other.fingerprint = root.fingerprint;
    if (other == root)
      throw SharedError(text("rank ", rank, " does not hold the same ", subject(root), " as rank 0 (fingerprints ",
                             std::hex, of_all[rank].fingerprint, " and ", root.fingerprint,
                             "); every rank must be started alike."));
    other.call = root.call;
    if (other == root)
      throw SharedError(text("rank ", rank, " is in its collective call ", of_all[rank].call,
                             " while rank 0 is in its ", root.call, ": both called ", described(root),
                             ", but one of them missed a call."));
    throw SharedError(text("rank ", rank, " called ", described(of_all[rank]), " while rank 0 called ", described(root),
                           " (collective call ", root.call, "); every rank must call the same."));
  }
}

}  // namespace fedorbit
