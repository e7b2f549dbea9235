// Lashes, cut out of a strip. aux: distance from the lid 0 to 1, angle about the eye, 1 upper or -1 lower.
// params: 0 colour.
bool cut(vec3 rest, vec4 aux) {
    float along = aux.y * 34. + aux.x * .6 * sign(aux.y);
    float own = hash(vec3(floor(along), 3., 7.)), longest = aux.z > 0. ? .35 + .65 * own : .10 + .35 * own;
    return aux.x > longest || fract(along) > .62 * (1. - aux.x / longest) + .12;
}

void surface(inout Surface s) {
    s.albedo = params[0].rgb * .2 + .004;
    s.roughness = .6;
    s.shine = .2;
}
