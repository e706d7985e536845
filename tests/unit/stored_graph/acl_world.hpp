// Principals and edges in memory, as an AclSource.
#pragma once

#include "alknet-stored/graph/acl.hpp"

namespace alk::stored {

class AclWorld : public AclSource {
 public:
  AclPrincipal& add(const std::string& key, Scopes scopes = {}, ResourceMap resources = {}) {
    return principals[key] = {true, {std::move(scopes), std::move(resources)}};
  }
  void belongs(const std::string& member, const std::string& group) {
    add_edge(AclEdge::Kind::BelongsTo, member, group);
  }
  void can(AclEdge::Kind kind, const std::string& who, const std::string& what) { add_edge(kind, who, what); }
  AclEdge& delegates(const std::string& giver, const std::string& taker, Scopes scopes,
                     std::optional<ResourceMap> resources = std::nullopt) {
    auto& edge = add_edge(AclEdge::Kind::Delegates, giver, taker);
    edge.narrowed_scopes = std::move(scopes);
    edge.narrowed_resources = std::move(resources);
    return edge;
  }

  Result<std::optional<AclPrincipal>> principal(const std::string& key) override {
    auto found = principals.find(key);
    if (found == principals.end()) return std::optional<AclPrincipal>();
    return std::optional(found->second);
  }
  Result<std::vector<AclEdge>> edges(const std::string& key, std::size_t limit) override {
    std::vector<AclEdge> result;
    for (const auto& edge : all) {
      if ((edge.kind == AclEdge::Kind::Delegates ? edge.target : edge.source) == key && result.size() < limit)
        result.push_back(edge);
    }
    return result;
  }

  Result<std::vector<AclEdge>> givers(const std::string& key, std::size_t limit) override {
    ALK_TRY(auto found, edges(key, all.size()));
    std::erase_if(found, [](const AclEdge& edge) {
      return edge.kind != AclEdge::Kind::BelongsTo && edge.kind != AclEdge::Kind::Delegates;
    });
    if (found.size() > limit) found.resize(limit);
    return found;
  }

  std::map<std::string, AclPrincipal> principals;
  std::vector<AclEdge> all;

 private:
  AclEdge& add_edge(AclEdge::Kind kind, const std::string& source, const std::string& target) {
    AclEdge edge;
    edge.kind = kind;
    edge.source = source;
    edge.target = target;
    return all.emplace_back(std::move(edge));
  }
};

} // namespace alk::stored
