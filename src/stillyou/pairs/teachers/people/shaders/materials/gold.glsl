// Polished or hammered metal. params: 0 colour, roughness. aux on a crown's wall: share of the way around, height.
void surface(inout Surface s) {
    vec3 q = s.rest, e = vec3(.012, 0, 0);
    float h = noise(q * 13.) * .010 + noise(q * 41.) * .0012;
    vec3 hammer = vec3(noise((q + e.xyy) * 13.), noise((q + e.yxy) * 13.), noise((q + e.yyx) * 13.)) * .010
        + vec3(noise((q + e.xyy) * 41.), noise((q + e.yxy) * 41.), noise((q + e.yyx) * 41.)) * .0012 - h;
    s.normal = perturb(s.normal, hammer / .012);
    float bevel = min(abs(s.aux.y - .02), abs(s.aux.y - .22));
    if (s.aux.y > 0. && bevel < .035) s.normal = normalize(s.normal + up * .45 * sign(s.aux.y - .12));
    vec3 v = s.view, n = s.normal, gold = params[0].rgb;
    float lit = key_visible(s.world, n, .004), a = params[0].a * params[0].a * 2.;
    vec3 seen = surroundings(reflect(-v, n), params[0].a);
    seen *= .55 + .75 * smoothstep(-.5, .7, reflect(-v, n).y) + .5 * (noise(reflect(-v, n) * 3.) - .5);
    vec3 half_way = normalize(v + key_direction);
    vec3 spark = key_colour * ggx(max(dot(n, half_way), 0.), a) * .10 * lit * max(dot(n, key_direction), 0.);
    float edge = pow(1. - max(dot(n, v), 0.), 4.);
    s.glow = mix(gold * mix(gold, vec3(1), .2), vec3(1), edge * .25) * (seen * .8 + spark) * mix(.55, 1., lit);
    s.albedo = gold * gold * .10;
    s.shine = 0.;
    s.roughness = params[0].a;
}
