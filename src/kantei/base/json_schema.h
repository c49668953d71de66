// Does a JSON value fit a schema? The part of JSON Schema (draft 2020-12) that Kantei's own schemas use.
#pragma once

#include <string>
#include <vector>

#include "kantei/base/json.h"

namespace kantei {

/// Knows type, properties, required, additionalProperties: false, items, minItems, maxItems, minLength, maxLength (bytes of UTF-8),
/// enum, const, minimum, maximum, anyOf and local $ref. The schema is ours: one that is not well formed throws.
class SchemaCheck {
 public:
  explicit SchemaCheck(const Json& root) : root_(root) {}

  /// One line per violation: "/checks/copy/band: ...".
  std::vector<std::string> Violations(const Json& value) const;

 private:
  void Visit(const Json& schema, const Json& value, const std::string& at,
             std::vector<std::string>* out) const;
  void VisitArray(const Json& schema, const Json& value, const std::string& at,
                  std::vector<std::string>* out) const;
  void VisitObject(const Json& schema, const Json& value, const std::string& at,
                   std::vector<std::string>* out) const;

  Json root_;
};

}  // namespace kantei
