// Eyelashes: a band cut into hairs. aux: share of the length, angle round the eye, 1 upper / -1 lower lid.
// params: 0 colour, heaviness
bool cut(vec3 rest, vec4 aux) {
    float a = aux.y * 30. + aux.x * .6 * sign(aux.y), h = hash(vec3(floor(a), 3., 7.));
    float reach = (aux.z > 0. ? .30 + .55 * h : .08 + .25 * h) * params[0].w;
    return aux.x > reach || fract(a) > .62 * (1. - aux.x / reach) + .10;
}

void surface(inout Surface s) {
    s.albedo = params[0].rgb;
    s.roughness = .6;
    s.shine = .2;
}
