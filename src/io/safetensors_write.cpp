// Writing safetensors: largest element types first, so that every tensor is aligned without holes.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/safetensors.hpp"
#include "io/safetensors_types.hpp"

namespace fedorbit {
namespace {

std::string_view type_name(const std::string& name, const Tensor& tensor) {
  for (const SafetensorsType& type : safetensors_types)
    if (type.type == tensor.scalar_type()) return type.name;
  fail("tensor '", name, "' has the element type ", c10::toString(tensor.scalar_type()),
       ", which safetensors cannot hold.");
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<const NamedTensors::value_type*> order;
  for (const auto& entry : tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->second.element_size() > b->second.element_size(); });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const auto* entry : order) {
    const std::uint64_t begin = end;
    end += entry->second.nbytes();
    header[entry->first] = {{"dtype", type_name(entry->first, entry->second)},
                            {"shape", entry->second.sizes().vec()},
                            {"data_offsets", {begin, end}}};
  }
  std::string written = header.dump();
  written.resize((written.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = written.size();
  unsigned char prefix[8];
  for (int i = 0; i < 8; ++i) prefix[i] = static_cast<unsigned char>(length >> 8 * i);

  AtomicFile part(file);
  part.write(prefix, sizeof prefix);
  part.write(written.data(), written.size());
  for (const auto* entry : order) {
    const Tensor plain = entry->second.detach().cpu().contiguous();
    part.write(plain.const_data_ptr(), plain.nbytes());
  }
  part.commit();
}

}  // namespace fedorbit
