// HDF5 files that lie, lead elsewhere, or are of a format without checksums: each is refused with a sentence.
#include "io/h5_bounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "io/file.hpp"
#include "io/h5_tensor.hpp"

namespace fedorbit::h5 {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct H5Bounds : testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      text("fedorbit-h5-bounds-", getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::path path = folder / "data.h5";
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Makes a file with the dataset /x of one number, lets `change` at its identifier, and reads /x.
  template <class Change>
  std::string refusal_after(Change change) {
    {
      File file = File::create(path);
      file.write<float>("/x", {1}, std::vector<float>{1});
      change(file.id());
    }
    return refusal();
  }
  std::string refusal() const {
    try {
      read_tensor(File::open(path), "/x");
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
  /// Puts a dataset of that type and shape in the place of /x, without values.
  std::string refusal_of(hid_t type, const std::vector<hsize_t>& sizes, auto choose) {
    return refusal_after([&](hid_t file) {
      H5Ldelete(file, "/x", H5P_DEFAULT);
      const Handle space(H5Screate_simple(int(sizes.size()), sizes.data(), nullptr), H5Sclose);
      const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
      choose(creation.id());
      const Handle made(H5Dcreate2(file, "/x", type, space.id(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Dclose);
      ASSERT_TRUE(made);
    });
  }
};

TEST_F(H5Bounds, let_a_good_file_through) {
  EXPECT_EQ(refusal_after([](hid_t) {}), "nothing was refused");
}

TEST_F(H5Bounds, refuse_the_format_without_checksums) {
  H5Fclose(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_THAT(refusal(), AllOf(HasSubstr("data.h5 is in an older format of HDF5"), HasSubstr("h5repack --latest")));
}

TEST_F(H5Bounds, refuse_an_object_of_the_format_without_checksums) {
  refusal_after([](hid_t) {});
  std::string bytes = read_file(path);
  const std::size_t root = bytes.find("OHDR"), dataset = bytes.find("OHDR", root + 1);
  ASSERT_NE(dataset, bytes.npos);
  write_file(path, std::string(bytes).replace(dataset, 4, std::string("\1\0\1\0", 4)));
  EXPECT_THAT(refusal(), HasSubstr("data.h5 /x is in an older format"));
  write_file(path, std::string(bytes).replace(root, 4, std::string("\1\0\1\0", 4)));
  EXPECT_THAT(refusal(), HasSubstr("data.h5 is in an older format"));
}

TEST_F(H5Bounds, are_refused_at_once_where_a_reader_beside_a_writer_finds_damage) {
  refusal_after([](hid_t) {});
  std::string bytes = read_file(path);
  const std::size_t root = bytes.find("OHDR");
  bytes[root + 30] ^= 1;
  write_file(path, bytes);
  try {
    File::open(path, Access::read_swmr).names();
    ADD_FAILURE() << "nothing was refused";
  } catch (const Error& error) {  // HDF5 by itself would wait for a writer to mend it, for years
    EXPECT_THAT(error.what(), HasSubstr("incorrect metadata checksum after all read attempts"));
  }
}

TEST_F(H5Bounds, refuse_links_to_something_elsewhere) {
  EXPECT_THAT(refusal_after([](hid_t file) {
                H5Lmove(file, "/x", file, "/y", H5P_DEFAULT, H5P_DEFAULT);
                H5Lcreate_soft("/y", file, "/x", H5P_DEFAULT, H5P_DEFAULT);
              }),
              HasSubstr("data.h5 /x is a link to something elsewhere"));
  EXPECT_THAT(refusal_after([](hid_t file) {
                H5Ldelete(file, "/x", H5P_DEFAULT);
                H5Lcreate_external("/etc/other.h5", "/x", file, "/x", H5P_DEFAULT, H5P_DEFAULT);
              }),
              HasSubstr("data.h5 /x is a link to something elsewhere"));
}

TEST_F(H5Bounds, refuse_values_in_other_files) {
  EXPECT_THAT(
      refusal_of(H5T_IEEE_F32LE, {2}, [](hid_t list) { H5Pset_external(list, "/etc/passwd", 0, H5F_UNLIMITED); }),
      HasSubstr("data.h5 /x keeps its values in other files"));
  EXPECT_THAT(refusal_of(H5T_IEEE_F32LE, {2},
                         [](hid_t list) {
                           const hsize_t two = 2;
                           const Handle space(H5Screate_simple(1, &two, nullptr), H5Sclose);
                           H5Pset_virtual(list, space.id(), "/etc/other.h5", "/x", space.id());
                         }),
              HasSubstr("data.h5 /x keeps its values in other files"));
}

TEST_F(H5Bounds, refuse_compressed_values) {
  const auto compress = [](hid_t list) {
    const hsize_t two = 2;
    H5Pset_chunk(list, 1, &two);
    H5Pset_deflate(list, 1);
  };
  EXPECT_THAT(refusal_of(H5T_IEEE_F32LE, {2}, compress), HasSubstr("data.h5 /x is compressed"));
}

TEST_F(H5Bounds, refuse_shapes_larger_than_the_file) {
  const auto plain = [](hid_t) {};
  EXPECT_THAT(refusal_of(H5T_IEEE_F32LE, {hsize_t(1) << 40}, plain),
              AllOf(HasSubstr("data.h5 /x announces 4398046511104 bytes"), HasSubstr("the whole file has")));
  const auto chunked = [](hid_t list) {
    const hsize_t sizes[] = {1, 1, 1};
    H5Pset_chunk(list, 3, sizes);
  };
  const hsize_t large = hsize_t(1) << 30;
  EXPECT_THAT(refusal_of(H5T_IEEE_F32LE, {large, large, large}, chunked), HasSubstr("no file can hold"));
  EXPECT_THAT(refusal_of(H5T_IEEE_F32LE, {0, large, large * 8}, chunked), HasSubstr("no file can hold"));
  EXPECT_EQ(refusal_of(H5T_IEEE_F32LE, {0, large, 4}, chunked), "nothing was refused");
}

TEST_F(H5Bounds, refuse_texts_of_variable_length) {
  const Handle type = text_type(H5T_VARIABLE);
  EXPECT_THAT(refusal_of(type.id(), {1}, [](hid_t) {}), HasSubstr("data.h5 /x holds texts of variable length"));
  refusal_after([&](hid_t file) {
    const Handle one(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle note(H5Acreate2(file, "note", type.id(), one.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    const char* words = "a note";
    H5Awrite(note.id(), type.id(), &words);
  });
  try {
    File::open(path).text_attribute("note");
    ADD_FAILURE() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("data.h5 /@note holds texts of variable length"));
  }
}

}  // namespace
}  // namespace fedorbit::h5
