// How a TIFF says its rows and columns are to be turned (tag 274), which GDAL leaves to its callers.
#pragma once
#include <string_view>

namespace fedorbit {

/// 1 to 8 as TIFF 6.0 numbers them, of the first image of a file; 1, which turns nothing, where it is no TIFF or does
/// not say.
int tiff_orientation(std::string_view file);

}  // namespace fedorbit
