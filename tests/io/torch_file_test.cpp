// What PyTorch wrote (tests/golden/make_torch_files.py) comes back as it was; what a pickle or an archive must not do
// is answered by a sentence.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "core/keys.hpp"
#include "io/file.hpp"
#include "io/pickle.hpp"
#include "io/weights.hpp"
#include "support/checks.hpp"
#include "support/source_folder.hpp"
#include "support/zip_builder.hpp"

namespace fedorbit {
namespace {

using testing::HasSubstr;

const std::filesystem::path golden = source_folder() / "tests/golden/torch";

Weights read(const std::string& bytes) { return read_weights(std::as_bytes(std::span(bytes)), "memory"); }
std::string complaint(const std::string& bytes) {
  return sentence([&] { read(bytes); });
}
/// An archive of a pickle and four float32 numbers.
std::string archive_of(const std::string& pickle) {
  return ZipBuilder().add("a/data.pkl", pickle).add("a/data/0", std::string(16, '\0')).finish();
}
std::string after_pickle(const std::string& pickle) { return complaint(archive_of(pickle)); }

std::string small(int number) { return "K" + std::string(1, char(number)); }
std::string long_number(std::int64_t number) { return "\x8a\x08" + ZipBuilder::number(std::uint64_t(number), 8); }
std::string word(const std::string& text) { return "X" + ZipBuilder::number(text.size(), 4) + text; }
std::string name(const std::string& module, const std::string& member) { return "c" + module + "\n" + member + "\n"; }
std::string storage(const std::string& elements = small(4), const std::string& key = "0") {
  return "(" + word("storage") + name("torch", "FloatStorage") + word(key) + word("cpu") + elements + "tQ";
}
/// The dictionary {"w": tensor} with the given pieces of pickle.
std::string state(const std::string& offset, const std::string& sizes, const std::string& strides,
                  const std::string& from = storage()) {
  return "\x80\x02}" + word("w") + name("torch._utils", "_rebuild_tensor_v2") + "(" + from + offset + sizes + strides +
         "\x89}tRs.";
}

void expect_state(const NamedTensors& tensors) {
  const Tensor base = at::arange(24, at::kFloat).reshape({4, 6});
  EXPECT_TRUE(at::equal(tensors.at("float32"), base));
  EXPECT_TRUE(at::equal(tensors.at("float16"), base.narrow(0, 0, 2).to(at::kHalf)));
  EXPECT_TRUE(at::equal(tensors.at("bfloat16"), (base.narrow(0, 0, 2) / 3).to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(tensors.at("int64"), at::arange(3)));
  EXPECT_EQ(tensors.at("scalar").dim(), 0);
  EXPECT_EQ(tensors.at("scalar").item<float>(), 2.5f);
  EXPECT_TRUE(at::equal(tensors.at("turned"), base.t()));
  EXPECT_TRUE(at::equal(tensors.at("shared"), base.narrow(0, 1, 2).narrow(1, 2, 3)));
  EXPECT_EQ(tensors.at("shared").data_ptr<float>() - tensors.at("turned").data_ptr<float>(), 8);
  EXPECT_EQ(tensors.at("empty").sizes(), at::IntArrayRef({0, 4}));
  EXPECT_TRUE(at::equal(tensors.at("parameter"), at::tensor({1.5f, -2.0f})));
  EXPECT_EQ(tensors.size(), 9u);
}

TEST(TorchFile, a_state_dict_comes_back_without_a_copy) {
  const Weights weights = read_weights(golden / "state.pt");
  EXPECT_EQ(weights.format, WeightsFormat::torch);
  expect_state(weights.tensors);
  const auto* data = static_cast<const std::byte*>(weights.tensors.at("float32").const_data_ptr());
  EXPECT_GT(data, weights.bytes[0].data);
  EXPECT_LT(data, weights.bytes[0].data + weights.bytes[0].size);
  expect_state(read_weights(golden / "protocol4.pt").tensors);
}

TEST(TorchFile, tensors_outlive_the_reader_and_pages_given_back_are_read_again) {
  NamedTensors tensors;
  {
    const Weights weights = read_weights(golden / "state.pt");
    tensors = weights.tensors;
    for (const auto& file : weights.bytes) release_pages(file, file.data, file.size);
  }
  expect_state(tensors);
}

TEST(TorchFile, a_training_checkpoint_gives_its_state_dict_without_the_prefix_of_parallel_modules) {
  expect_state(read_weights(golden / "wrapped.pt").tensors);
}

TEST(TorchFile, what_training_programs_save_beside_the_weights_is_passed_over) {
  EXPECT_EQ(read_weights(golden / "numpy.pt").tensors.size(), 1u);
  expect_state(read_weights(golden / "beside.pt").tensors);
  expect_state(read_weights(golden / "beside4.pt").tensors);
}

TEST(TorchFile, what_modules_around_a_model_put_before_every_name_is_taken_off) {
  const Tensor one = at::ones({1});
  const auto names = [&](const NamedTensors& tensors) {
    const auto file = std::filesystem::temp_directory_path() / text("fedorbit-names-", ::getpid(), ".safetensors");
    write_safetensors(file, tensors);
    std::string out;
    for (const auto& [name, tensor] : read_weights(file).tensors) out += name + " ";
    std::filesystem::remove(file);
    return out;
  };
  EXPECT_EQ(names({{"module.a", one}, {"module.b.c", one}}), "a b.c ");
  EXPECT_EQ(names({{"model._orig_mod.module.a", one}, {"model._orig_mod.module.b", one}}), "a b ");
  EXPECT_EQ(names({{"model.a", one}, {"loss.b", one}}), "loss.b model.a ");
}

TEST(TorchFile, a_name_at_hugging_face_is_answered_by_how_to_fetch_it) {
  const auto said = [](const char* path) { return sentence([&] { read_weights(path); }); };
  for (const char* path : {"openai/clip-vit-base-patch32", "hf-hub:openai/clip-vit-base-patch32"})
    EXPECT_THAT(said(path), HasSubstr("hf download openai/clip-vit-base-patch32 --local-dir clip-vit-base-patch32"));
  EXPECT_THAT(said("nowhere/weights.pt"), testing::Not(HasSubstr("hf download")));
  EXPECT_THAT(said("/nowhere/weights"), testing::Not(HasSubstr("hf download")));
}

TEST(TorchFile, a_torch_script_module_gives_its_tensors_by_the_paths_of_its_attributes) {
  const Weights weights = read_weights(golden / "script.pt");
  EXPECT_EQ(weights.format, WeightsFormat::torch_script);
  const Tensor weight = at::tensor({1.f, 2.f, 3.f, 4.f}).reshape({2, 2}).to(at::kHalf);
  EXPECT_TRUE(at::equal(weights.tensors.at("layers.2.weight"), weight));
  EXPECT_TRUE(at::equal(weights.tensors.at("tied"), weight));
  EXPECT_FLOAT_EQ(weights.tensors.at("logit_scale").item<float>(), 4.6f);
  EXPECT_TRUE(weights.tensors.contains("layers.0.mask"));
  EXPECT_EQ(weights.tensors.size(), 6u);
}

TEST(TorchFile, what_a_pickle_would_call_is_named_and_not_called) {
  EXPECT_THAT(sentence([] { read_weights(golden / "command.pt"); }), HasSubstr("print'. Only tensors"));
  EXPECT_THAT(sentence([] { read_weights(golden / "module.pt"); }), HasSubstr("'torch.nn.modules.linear.Linear'"));
  EXPECT_THAT(after_pickle("\x80\x02" + name("os", "system") + "."), HasSubstr("it names 'os.system'"));
  EXPECT_THAT(after_pickle(name("torch.jit", "__torch__.X") + "."), HasSubstr("it names"));
}

TEST(TorchFile, other_formats_are_told_apart) {
  EXPECT_THAT(sentence([] { read_weights(golden / "legacy.pt"); }), HasSubstr("before version 1.6"));
  EXPECT_THAT(sentence([] { read_weights(golden / "bomb.pt"); }), HasSubstr("is compressed"));
  EXPECT_THAT(complaint("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(complaint("<!DOCTYPE html><html><head><title>Virus scan warning</title></head></html>"),
              HasSubstr("is a web page"));
  EXPECT_THAT(complaint("Entry not found"), HasSubstr("a server's answer"));
  EXPECT_THAT(complaint(ZipBuilder().add("x.txt", "y").finish()), HasSubstr("not PyTorch's"));
  EXPECT_THAT(complaint(ZipBuilder().add("a/data.pkl", "}.").add("a/byteorder", "big").finish()),
              HasSubstr("big-endian"));
}

TEST(TorchFile, opcodes_that_tensors_do_not_need_are_refused) {
  // Text numbers, extension registry, instances, buffers, copies of the top, sets.
  for (const char* opcode :
       {"I1\n", "F1\n", "S'a'\n", "V1\n", "\x82\x01", "i", "o", "\x92", "\x96", "2", "\x8f", "P1\n"})
    EXPECT_THAT(after_pickle(text("\x80\x02", opcode, ".")), HasSubstr("uses the opcode")) << opcode;
  EXPECT_THAT(after_pickle("\x80\x06}."), HasSubstr("protocol above 5"));
}

TEST(TorchFile, a_stack_that_does_not_fit_is_refused) {
  for (const std::string& pickle : {std::string("."),
                                    std::string("t."),
                                    std::string("a."),
                                    std::string("}a."),
                                    std::string("]s."),
                                    std::string("]K\1s."),
                                    std::string("}(K\1u."),
                                    std::string("h\1."),
                                    std::string("q\1."),
                                    std::string("R."),
                                    std::string("}]R."),
                                    std::string("NQ."),
                                    std::string("(K\1tQ."),
                                    std::string("]}b."),
                                    std::string("})\x81."),
                                    std::string("(0."),
                                    name("collections", "OrderedDict") + "N\x85R.",
                                    name("collections", "OrderedDict") + ")\x81.",
                                    name("torch._utils", "_rebuild_tensor_v2") + ")R.",
                                    name("torch", "FloatStorage") + ")R.",
                                    name("__torch__", "A") + ")\x81]b."})
    EXPECT_THAT(after_pickle(pickle), HasSubstr("is no pickle of tensors")) << pickle;
  EXPECT_THAT(after_pickle("}"), HasSubstr("breaks off"));
  EXPECT_THAT(after_pickle("X" + ZipBuilder::number(0xFFFFFFFF, 4) + "."), HasSubstr("announces 4294967295 bytes"));
}

TEST(TorchFile, values_without_end_are_refused) {
  EXPECT_THAT(after_pickle(std::string(1'000'001, 'N') + "."), HasSubstr("a million values"));
  // An object whose attribute is itself, and one whose attributes double at every level.
  const std::string object = name("__torch__", "A") + ")\x81";
  EXPECT_THAT(after_pickle(object + "q\1}" + word("x") + "h\1sb."), HasSubstr("deeper than 64"));
  std::string doubling = object + "q\1";
  for (int i = 0; i < 40; ++i) doubling += object + "}" + word("a") + "h\1s" + word("b") + "h\1sbq\1";
  EXPECT_THAT(after_pickle(doubling + "."), HasSubstr("more than a million values"));
  EXPECT_THAT(after_pickle("}q\1" + word("state_dict") + "h\1s."), HasSubstr("no tensors by name"));
}

TEST(TorchFile, a_tensor_reaches_no_further_than_its_numbers) {
  const std::string two_by_two = small(2) + small(2) + "\x86";
  EXPECT_EQ(after_pickle(state(small(0), two_by_two, small(2) + small(1) + "\x86")), "(none)");
  for (const std::string& bad : {
           state(small(1), two_by_two, small(2) + small(1) + "\x86"),
           state(small(0), two_by_two, small(3) + small(1) + "\x86"),
           state(long_number(INT64_MAX), two_by_two, small(2) + small(1) + "\x86"),
           state(long_number(-1), two_by_two, small(2) + small(1) + "\x86"),
           state(small(0), long_number(INT64_MAX) + long_number(INT64_MAX) + "\x86", small(0) + small(0) + "\x86"),
           state(small(0), small(100) + "\x85", small(0) + "\x85"),  // one number repeated: more than is stored
       })
    EXPECT_THAT(after_pickle(bad), HasSubstr("does not fit into the 4 elements"));
  EXPECT_THAT(after_pickle(state(small(0), long_number(-2) + "\x85", small(1) + "\x85")), HasSubstr("no whole number"));
  EXPECT_THAT(after_pickle(state(small(0), two_by_two, small(1) + "\x85")), HasSubstr("2 sizes and 1 strides"));
  EXPECT_THAT(after_pickle(state(small(0), small(0) + long_number(1ll << 62) + "\x86", two_by_two)),
              HasSubstr("no elements"));
  EXPECT_THAT(after_pickle(state(small(0), two_by_two, two_by_two, storage(small(5)))), HasSubstr("room for 4"));
  EXPECT_THAT(after_pickle(state(small(0), two_by_two, two_by_two, storage(small(4), "7"))),
              HasSubstr("no entry 'a/data/7'"));
}

TEST(ZipDirectory, an_archive_that_lies_is_refused) {
  const auto with = [](const std::function<void(ZipBuilder&)>& change) {
    ZipBuilder builder;
    builder.add("a/data.pkl", "}.").add("a/data/0", std::string(200, '1'));
    change(builder);
    return complaint(builder.finish());
  };
  EXPECT_THAT(with([](ZipBuilder&) {}), HasSubstr("no tensors by name"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[1].claimed_size = 1 << 30; }), HasSubstr("more than the archive"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[0].claimed_size = 130; }), HasSubstr("lie on each other"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[1].local_offset = 7; }), HasSubstr("where its directory says"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[1].local_offset = 1 << 30; }), HasSubstr("where its directory says"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[1].name = "a/data/1"; }), HasSubstr("otherwise at its place"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[1].flags = 1; }), HasSubstr("encrypted"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries[0].method = 8; }), HasSubstr("is compressed"));
  EXPECT_THAT(with([](ZipBuilder& b) { b.entries.push_back(b.entries[1]); }), HasSubstr("two entries of the name"));
}

TEST(TorchFile, a_file_cut_anywhere_or_with_bytes_changed_is_refused_or_read_but_never_crashes) {
  for (const char* name : {"state.pt", "script.pt"}) {
    const std::string bytes = read_file(golden / name);
    for (std::size_t size = 0; size < bytes.size(); size += 5)
      EXPECT_NE(complaint(bytes.substr(0, size)), "(none)") << size;
    Stream stream = Keys(1).stream(Purpose::test);
    int refused = 0;
    for (int i = 0; i < 4000; ++i) {
      std::string changed = bytes;
      for (int k = 0; k < 3; ++k) changed[stream.below(bytes.size())] = char(stream.bits());
      const std::string said = sentence([&] {
        for (const auto& [name, tensor] : read(changed).tensors) tensor.to(at::kDouble).sum();
      });
      refused += said != "(none)";
    }
    EXPECT_GT(refused, 500);
  }
}

struct Shards : testing::Test {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / text("fedorbit-shards-", ::getpid());
  std::filesystem::path index = folder / "model.safetensors.index.json";
  void SetUp() override {
    std::filesystem::create_directories(folder);
    write_safetensors(folder / "one.safetensors", {{"a", at::ones({2})}, {"b", at::zeros({1})}});
    write_safetensors(folder / "two.safetensors", {{"c", at::full({3}, 4.0)}});
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string after(const std::string& json) {
    std::ofstream(index) << json;
    return sentence([&] { read_weights(index); });
  }
};

TEST_F(Shards, are_read_as_one) {
  EXPECT_EQ(after(R"({"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}})"), "(none)");
  const Weights weights = read_weights(folder);  // the index has a usual name
  EXPECT_EQ(weights.tensors.size(), 3u);
  EXPECT_EQ(weights.tensors.at("c")[2].item<float>(), 4);
  EXPECT_EQ(weights.files.size(), 3u);
  const std::string before = weights.checksum();
  write_safetensors(folder / "two.safetensors", {{"c", at::full({3}, 5.0)}});
  EXPECT_NE(read_weights(folder).checksum(), before);
}

TEST_F(Shards, an_index_that_is_wrong_is_refused) {
  EXPECT_THAT(after("{"), HasSubstr("is not JSON"));
  EXPECT_THAT(after("{}"), HasSubstr("no index of weights"));
  EXPECT_THAT(after(R"({"weight_map":{}})"), HasSubstr("names no tensor"));
  EXPECT_THAT(after(R"({"weight_map":{"a":3}})"), HasSubstr("no index of weights"));
  EXPECT_THAT(after(R"({"weight_map":{"z":"one.safetensors"}})"), HasSubstr("lacks the tensor 'z'"));
  EXPECT_THAT(after(R"({"weight_map":{"a":"three.safetensors"}})"), HasSubstr("cannot be opened"));
  for (const char* place : {"../one.safetensors", "/etc/passwd", "..", ""})
    EXPECT_THAT(after(text(R"({"weight_map":{"a":")", place, R"("}})")), HasSubstr("no file of its folder")) << place;
  std::filesystem::copy_file(folder / "two.safetensors", folder / "three.safetensors");
  EXPECT_THAT(after(R"({"weight_map":{"c":"two.safetensors","a":"one.safetensors","d":"three.safetensors"}})"),
              HasSubstr("lacks the tensor 'd'"));
  write_safetensors(folder / "three.safetensors", {{"c", at::ones({1})}, {"d", at::ones({1})}});
  EXPECT_THAT(after(R"({"weight_map":{"c":"two.safetensors","d":"three.safetensors"}})"),
              HasSubstr("which another file has, too"));
}

TEST(Weights, a_deeply_nested_header_is_refused) {
  const std::string header = "{\"a\":" + std::string(100000, '[') + "}";
  EXPECT_THAT(complaint(ZipBuilder::number(header.size(), 8) + header), HasSubstr("nests deeper"));
}

}  // namespace
}  // namespace fedorbit
