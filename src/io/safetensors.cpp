// Reading safetensors: eight bytes of header length, a JSON header, then the tensors' bytes without holes.
#include "io/safetensors.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "core/error.hpp"
#include "io/json.hpp"
#include "io/safetensors_types.hpp"

namespace fedorbit {
namespace {

constexpr std::uint64_t length_bytes = 8, longest_header = 25'000'000;  // fifty times a large CLIP's
constexpr std::size_t most_dimensions = 8;

struct Entry {
  std::string name;
  c10::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;  // bytes after the header
};

/// The number of elements, or an Error where a dimension is no size or the product has no 63 bits.
std::uint64_t numel(const nlohmann::json& shape, const std::string& where, std::vector<std::int64_t>& out) {
  require(shape.is_array(), where, " has no list of dimensions as its shape.");
  std::int64_t product = 1;
  for (const auto& dimension : shape) {
    require(dimension.is_number_unsigned() && dimension.get<std::uint64_t>() <= std::uint64_t(INT64_MAX), where,
            " has the dimension ", dimension.dump(), "; a dimension is a whole number from 0.");
    out.push_back(dimension.get<std::int64_t>());
    require(out.size() <= most_dimensions, where, " has more than ", most_dimensions, " dimensions.");
    require(!__builtin_mul_overflow(product, out.back(), &product), where, " has the shape ", shape.dump(),
            ", whose number of elements overflows 63 bits.");
  }
  return std::uint64_t(product);
}

std::uint64_t offset(const nlohmann::json& entry, std::size_t index, const std::string& where) {
  const auto found = entry.find("data_offsets");
  require(found != entry.end() && found->is_array() && found->size() == 2 && (*found)[index].is_number_unsigned(),
          where, " needs data_offsets with two whole numbers from 0.");
  return (*found)[index].get<std::uint64_t>();
}

Entry read_entry(const std::string& name, const nlohmann::json& entry, const std::string& file) {
  const std::string where = text("tensor '", name, "' of ", file);
  require(entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() && entry.contains("shape"), where,
          " is not described by dtype, shape and data_offsets.");
  const auto type_name = entry["dtype"].get<std::string>();
  const auto known = std::find_if(safetensors_types.begin(), safetensors_types.end(),
                                  [&](const SafetensorsType& type) { return type.name == type_name; });
  require(known != safetensors_types.end(), where, " has the unknown dtype '", type_name,
          "'; known are F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL.");
  Entry out{name, known->type, {}, offset(entry, 0, where), offset(entry, 1, where)};
  const std::uint64_t elements = numel(entry["shape"], where, out.shape), width = c10::elementSize(out.type);
  require(out.begin <= out.end, where, " ends at byte ", out.end, ", before it begins at byte ", out.begin, ".");
  require(elements <= UINT64_MAX / width && elements * width == out.end - out.begin, where, " has ",
          out.end - out.begin, " bytes, but its shape ", entry["shape"].dump(), " of ", type_name, " needs ", elements,
          " x ", width, ".");
  return out;
}

/// The tensors must cover the data exactly, as the format demands: no overlap, no hole, nothing past the end.
void check_cover(std::vector<Entry>& entries, std::uint64_t size, const std::string& file) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  const Entry* before = nullptr;
  for (const Entry& entry : entries) {
    require(entry.end <= size, "tensor '", entry.name, "' of ", file, " ends at byte ", entry.end,
            " of the data, which has only ", size, ": the file was cut short or its header is wrong.");
    const std::uint64_t reached = before ? before->end : 0;
    require(entry.begin >= reached, "tensor '", entry.name, "' of ", file, " overlaps tensor '",
            before ? before->name : "", "': it begins at byte ", entry.begin, ", before that one ends at ", reached,
            ".");
    require(entry.begin == reached, file, " has a hole of ", entry.begin - reached, " bytes before tensor '",
            entry.name, "', which the format does not allow.");
    before = &entry;
  }
  const std::uint64_t reached = before ? before->end : 0;
  require(reached == size, file, " has ", size - reached, " bytes after its last tensor that belong to none.");
}

Tensor view(const FileBytes& bytes, std::byte* data, const Entry& entry) {
  const auto options = c10::TensorOptions(entry.type);
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % c10::elementSize(entry.type) == 0;
  if (aligned && entry.end != entry.begin)
    return at::from_blob(
        data, entry.shape, [owner = bytes.owner](void*) {}, options);
  Tensor copy = at::empty(entry.shape, options);
  if (entry.end != entry.begin) std::memcpy(copy.data_ptr(), data, entry.end - entry.begin);
  return copy;
}

nlohmann::json parse_header(const FileBytes& bytes, std::uint64_t length, const std::string& file) {
  const auto* begin = reinterpret_cast<const char*>(bytes.data + length_bytes);
  auto header = parse_json({begin, std::size_t(length)}, "the header of " + file);
  require(header.is_object(), file, " has a header that is no JSON object.");
  return header;
}

}  // namespace

Safetensors read_safetensors(const FileBytes& bytes, const std::string& file) {
  require(bytes.size >= length_bytes, file, " is neither a safetensors file nor PyTorch's: it has ", bytes.size,
          " bytes, and the length of a header alone takes 8.");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | std::uint64_t(bytes.data[i]);
  require(
      length <= std::min(longest_header, bytes.size - length_bytes), file,
      " is neither PyTorch's nor a safetensors file, or was cut short: read as the latter, it announces a header of ",
      length, " bytes and has ", bytes.size - length_bytes, " left (at most ", longest_header, " are read).");
  const auto header = parse_header(bytes, length, file);
  Safetensors out;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(read_entry(name, value, file));
      continue;
    }
    require(value.is_object(), file, " has metadata that are no map of texts.");
    for (const auto& [key, item] : value.items()) {
      require(item.is_string(), file, " has the metadata entry '", key, "', which is no text.");
      out.metadata[key] = item.get<std::string>();
    }
  }
  std::byte* data = bytes.data + length_bytes + length;
  check_cover(entries, bytes.size - length_bytes - length, file);
  for (const Entry& entry : entries) out.tensors.emplace(entry.name, view(bytes, data + entry.begin, entry));
  return out;
}

Safetensors read_safetensors(const std::filesystem::path& file) {
  return read_safetensors(map_file(file), file.string());
}

Safetensors read_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  return read_safetensors(copy_bytes(bytes), name);
}

}  // namespace fedorbit
